#include "model/balance/load_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

bool counts_something(const std::vector<double>& row) {
    return std::any_of(row.begin(), row.end(), [](double count) { return count > 0; });
}

}  // namespace

void LoadRows::fail(const std::string& place, const std::string& what) const {
    fail_at(shown_, place, what);
}

double LoadRows::checked(double count, const std::string& place) const {
    if (!(count >= 0 && count <= kMostTokens))
        fail(place, fmt::format("a count of {:g}; expected a number from 0 to {:g}", count, kMostTokens));
    return count;
}

void LoadRows::add(int layer, int expert, double count) {
    std::vector<double>& row = rows_[layer];
    experts_                 = std::max(experts_, std::size_t(expert) + 1);
    if (row.size() <= std::size_t(expert)) row.resize(std::size_t(expert) + 1);
    row[std::size_t(expert)] += count;
}

void LoadRows::add_row(int layer, const std::vector<double>& row, const std::string& place) {
    if (row.size() < 2 || row.size() > std::size_t(kMostExperts))
        fail(place, fmt::format("{} expert{}; expected 2 to {}", row.size(), row.size() == 1 ? "" : "s",
                                kMostExperts));
    if (experts_ != 0 && row.size() != experts_)
        fail(place, fmt::format("{} experts where the rows before have {}; expected a row of {}", row.size(),
                                experts_, experts_));
    for (std::size_t e = row.size(); e-- > 0;) add(layer, int(e), row[e]);
}

ExpertLoad LoadRows::finish(std::string source) const {
    ExpertLoad load;
    for (const auto& [layer, row] : rows_) {
        if (!counts_something(row)) continue;
        load.layer_ids.push_back(layer);
        load.count.insert(load.count.end(), row.begin(), row.end());
        load.count.resize(load.layer_ids.size() * experts_);
    }
    load.layers  = int(load.layer_ids.size());
    load.experts = int(experts_);
    load.source  = std::move(source);
    if (load.layers == 0) fail("", "every count is zero; expected a layer with routed tokens");
    if (load.experts < 2) fail("", fmt::format("1 expert; expected 2 to {}", kMostExperts));
    return load;
}

}  // namespace isobath
