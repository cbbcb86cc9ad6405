#include "model/balance/eplb_steps.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace isobath {
namespace {

std::size_t at(int i) {
    return static_cast<std::size_t>(i);
}

/// Indices of non-negative `weight` in descending order, equal ones by index.
void sort_descending(std::span<const float> weight, std::vector<std::uint64_t>& order) {
    order.resize(weight.size());
    for (std::size_t i = 0; i < weight.size(); ++i)  // non-negative floats sort as their bits do
        order[i] = (std::uint64_t(~std::bit_cast<std::uint32_t>(weight[i])) << 32) | i;
    std::sort(order.begin(), order.end());
}

}  // namespace

void pack(std::span<const float> weight, int bins, EplbScratch& s) {
    const int each = int(weight.size()) / bins;
    s.bin.resize(weight.size());
    s.place.assign(weight.size(), 0);
    if (each == 1) {
        for (std::size_t i = 0; i < weight.size(); ++i) s.bin[i] = int(i);
        return;
    }
    sort_descending(weight, s.order);
    s.sums.assign(at(bins), 0);
    s.room.assign(at(bins), each);
    for (const std::uint64_t key : s.order) {
        const auto item = std::size_t(key & 0xffffffffu);
        const auto bin  = std::size_t(std::min_element(s.sums.begin(), s.sums.end()) - s.sums.begin());
        s.bin[item]     = int(bin);
        s.place[item]   = each - s.room[bin];
        s.sums[bin] += weight[item];
        if (--s.room[bin] == 0) s.sums[bin] = std::numeric_limits<float>::infinity();
    }
}

void replicate(std::span<const float> weight, int slots, std::span<int> copies, EplbScratch& s) {
    const int experts = int(weight.size());
    s.quotient.assign(weight.begin(), weight.end());
    s.slot_expert.resize(at(slots));
    s.slot_copy.assign(at(slots), 0);
    for (int i = 0; i < experts; ++i) s.slot_expert[at(i)] = i, copies[at(i)] = 1;
    for (int i = experts; i < slots; ++i) {
        const auto hot =
            std::size_t(std::max_element(s.quotient.begin(), s.quotient.end()) - s.quotient.begin());
        s.slot_expert[at(i)] = int(hot);
        s.slot_copy[at(i)]   = copies[hot]++;
        s.quotient[hot]      = weight[hot] / float(copies[hot]);
    }
}

}  // namespace isobath
