/// What can run at each point of a sweep: one table, a row for each.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/sweep/space.h"

namespace isobath::sweep {

/// Evaluates points, one after another; each thread has its own.
class Evaluator {
  public:
    virtual ~Evaluator() = default;
    /// Fills one cell per column and returns null; or the reason why the point cannot be.
    virtual const std::string* evaluate(const Place& place, std::vector<Cell>& cells) = 0;
};

/// What a change of a field costs: the field moves outwards the more of it there is to do again.
enum class Reach : std::uint8_t { model, layout, load };

struct Runner {
    std::string_view name;
    std::string (*schema)(const DataFiles&);  ///< of its result: which columns there are
    /// Columns and goals where the sweep names none; they may hang on the scenario's phase.
    std::vector<std::string_view> (*columns)(const Sweep&);
    Goals (*goals)(const Sweep&);
    Reach (*reach)(std::string_view path);
    /// All three must outlive the evaluator.
    std::unique_ptr<Evaluator> (*make)(const Sweep&, const Space&, const DataFiles&);
};

std::span<const Runner* const> runners();

/// The largest reach of a dimension's axes.
Reach reach_of(const Runner& runner, const Dimension& dimension);

// What stands in the table.
extern const Runner kRunRunner, kServeRunner, kBalanceRunner, kSpeculateRunner;

}  // namespace isobath::sweep
