#include "sim/serve/engine/steps_law.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace isobath::engine {
namespace {

constexpr int kLongest = 1024;  // steps of a block: longer ones make tables that the processor's caches lose

using Chances = std::vector<double>;

Chances convolved(const Chances& a, const Chances& b) {
    Chances sum(a.size() + b.size() - 1, 0.0);
    for (std::size_t i = 0; i < a.size(); ++i)
        for (std::size_t j = 0; j < b.size(); ++j) sum[i + j] += a[i] * b[j];
    return sum;
}

/// Chances of a total above the least one, of so many steps.
const Chances& total_of(int steps, std::map<int, Chances>& known) {
    const auto found = known.find(steps);
    if (found != known.end()) return found->second;
    Chances sum         = convolved(total_of(steps / 2, known), total_of(steps - steps / 2, known));
    return known[steps] = std::move(sum);
}

/// 1 to 8, then four an octave.
std::vector<int> block_lengths() {
    std::vector<int> lengths{1, 2, 3, 4, 5, 6, 7};
    for (int octave = 8; octave < kLongest; octave *= 2)
        for (int quarter = 4; quarter < 8; ++quarter) lengths.push_back(octave * quarter / 4);
    lengths.push_back(kLongest);
    return lengths;
}

}  // namespace

StepsLaw::StepsLaw(std::vector<double> accepted) {
    while (accepted.size() > 1 && accepted.back() <= 0) accepted.pop_back();
    const double sum = std::accumulate(accepted.begin(), accepted.end(), 0.0);
    for (double& chance : accepted) chance /= sum;
    most_ = static_cast<int>(accepted.size());
    if (most_ <= 1) return;
    std::map<int, Chances> known{{1, accepted}};
    for (const int steps : block_lengths()) {
        fitting_.resize(static_cast<std::size_t>(steps), static_cast<std::uint8_t>(blocks_.size() - 1));
        blocks_.push_back(block_of(steps, total_of(steps, known)));
    }
    fitting_[0] = 0;
    fitting_.push_back(static_cast<std::uint8_t>(blocks_.size() - 1));
}

StepsLaw::Block StepsLaw::block_of(int steps, const Chances& chances) {
    const auto cells = static_cast<double>(chances.size());
    Block block{steps, {}};
    Chances height;
    std::vector<std::size_t> low, high;
    for (std::size_t i = 0; i < chances.size(); ++i) {
        const auto total = static_cast<std::int32_t>(i) + steps;
        height.push_back(chances[i] * cells);
        block.cells.push_back({~std::uint64_t{0}, total, total});
        (height[i] < 1 ? low : high).push_back(i);
    }
    while (!low.empty() && !high.empty()) {
        const std::size_t poor = low.back(), rich = high.back();
        low.pop_back();
        block.cells[poor].stays = static_cast<std::uint64_t>(std::ldexp(height[poor], 64));
        block.cells[poor].other = block.cells[rich].own;
        height[rich] -= 1 - height[poor];
        if (height[rich] >= 1) continue;
        high.pop_back();
        low.push_back(rich);
    }
    return block;
}

std::int64_t StepsLaw::draw(std::int64_t tokens, Draws& draws) const {
    if (most_ <= 1) return tokens;
    std::int64_t steps = 0;
    while (tokens > 0) {
        const auto certain = std::min<std::int64_t>(tokens / most_, kLongest);
        const Block& block = blocks_[fitting_[static_cast<std::size_t>(certain)]];
        const auto point   = static_cast<unsigned __int128>(draws.bits()) * block.cells.size();
        const Cell& cell   = block.cells[static_cast<std::size_t>(point >> 64)];
        tokens -= static_cast<std::uint64_t>(point) < cell.stays ? cell.own : cell.other;
        steps += block.steps;
    }
    return steps;
}

}  // namespace isobath::engine
