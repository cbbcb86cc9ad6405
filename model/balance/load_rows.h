/// Rows of counts from outside, checked as they come, made an ExpertLoad at the end.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/balance/expert_load.h"

namespace isobath {

/// Counts by layer. Places are "/json/path" or "line n", for messages.
class LoadRows {
  public:
    static constexpr int kMostLayers = 1024, kMostExperts = 4096;
    static constexpr double kMostTokens = 1e18;

    explicit LoadRows(std::string shown) : shown_(std::move(shown)) {}

    /// Throws SpecError unless `count` is a number from 0 to 1e18.
    double checked(double count, const std::string& place) const;
    /// Adds to one count; rows grow as needed.
    void add(int layer, int expert, double count);
    /// Adds a whole row. Throws SpecError unless it is as long as the rows before it.
    void add_row(int layer, const std::vector<double>& row, const std::string& place);
    bool holds(int layer) const { return rows_.contains(layer); }

    /// Throws SpecError if there is nothing, or one expert, or only zeros.
    ExpertLoad finish(std::string source) const;

    [[noreturn]] void fail(const std::string& place, const std::string& what) const;

  private:
    std::string shown_;
    std::size_t experts_ = 0;
    std::map<int, std::vector<double>> rows_;
};

/// Long or wide CSV into `rows`; throws SpecError naming the line.
void read_load_csv(std::string_view text, LoadRows& rows);

}  // namespace isobath
