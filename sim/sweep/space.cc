#include "sim/sweep/space.h"

#include <algorithm>
#include <numeric>

#include "sim/sweep/hash.h"
#include "sim/sweep/runner.h"
#include "sim/sweep/version.h"

namespace isobath::sweep {
namespace {

/// Blocks are small enough for many workers and large enough to be handed out in no time.
constexpr std::size_t kMostBlocks = 4096, kMostTurns = 4096;

std::vector<std::uint64_t> hashes_of(const Dimension& dimension) {
    std::vector<std::uint64_t> out(dimension.rows());
    for (const Axis& axis : dimension.axes)
        for (std::size_t row = 0; row < out.size(); ++row)
            out[row] += mixed(hash_of(axis.path + "=" + axis.text(row)));
    return out;
}

/// Everything but the axes that a result hangs on.
std::uint64_t salt_of(const Sweep& s) {
    std::string all = std::string(version()) + "\n" + std::string(s.runner->name) + "\n" + s.scenario_text;
    for (const Override& o : s.set) all += "\n" + o.path + "=" + o.value;
    for (const Column& c : s.columns) all += "\n" + c.pointer;
    return hash_of(all);
}

std::size_t round_up(std::size_t n, std::size_t by) {
    return (n + by - 1) / by;
}

}  // namespace

Space::Space(const Sweep& sweep) : sweep_(&sweep), salt_(salt_of(sweep)) {
    std::vector<Reach> reaches;
    for (const Dimension& d : sweep.dimensions) {
        sizes_.push_back(d.rows());
        hashes_.push_back(hashes_of(d));
        reaches.push_back(reach_of(*sweep.runner, d));
    }
    strides_.assign(sizes_.size(), 1);
    for (std::size_t d = sizes_.size(); d-- > 0;) {
        strides_[d] = points_;
        points_ *= sizes_[d];
    }
    order(reaches);
    cut();
}

void Space::order(const std::vector<Reach>& reaches) {
    order_.resize(sizes_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::size_t a, std::size_t b) { return reaches[a] < reaches[b]; });
    for (std::size_t d = 0; d < sizes_.size(); ++d) {
        if (reaches[d] != Reach::model) per_model_ *= sizes_[d];
        if (reaches[d] == Reach::load) per_layout_ *= sizes_[d];
    }
}

/// A block never holds parts of two models: either whole models, or a part of one.
void Space::cut() {
    const std::size_t wanted = std::clamp<std::size_t>(points_ / kMostBlocks, 1, kMostTurns);
    const std::size_t models = std::max<std::size_t>(1, wanted / per_model_);
    group_turns_             = models * per_model_;
    groups_                  = round_up(points_, group_turns_);
    blocks_per_group_        = models > 1 ? 1 : round_up(per_model_, wanted);
}

std::size_t Space::first_turn(std::size_t block) const {
    const std::size_t group = block / blocks_per_group_, part = block % blocks_per_group_;
    const std::size_t within = std::min(group_turns_, part * round_up(group_turns_, blocks_per_group_));
    return std::min(points_, group * group_turns_ + within);
}

void Space::place_at(std::size_t turn, Place& place) const {
    place.model  = turn / per_model_;
    place.layout = turn / per_layout_;
    place.point  = 0;
    place.rows.resize(sizes_.size());
    std::uint64_t sum = salt_;
    for (std::size_t i = order_.size(); i-- > 0;) {
        const std::size_t d = order_[i];
        place.rows[d]       = turn % sizes_[d];
        turn /= sizes_[d];
        place.point += place.rows[d] * strides_[d];
        sum += hashes_[d][place.rows[d]];
    }
    place.id = mixed(sum);
}

std::uint64_t Space::id_of(std::size_t point) const {
    std::uint64_t sum = salt_;
    for (std::size_t d = 0; d < sizes_.size(); ++d) sum += hashes_[d][row_of(point, d)];
    return mixed(sum);
}

std::vector<Override> Space::overrides(std::span<const std::size_t> rows) const {
    std::vector<Override> out = sweep_->set;
    for (std::size_t d = 0; d < rows.size(); ++d)
        for (const Axis& axis : sweep_->dimensions[d].axes) {
            const std::string value = axis.text(rows[d]);
            out.push_back({axis.path, value, dotted(axis.path) + "=" + value});
        }
    return out;
}

}  // namespace isobath::sweep
