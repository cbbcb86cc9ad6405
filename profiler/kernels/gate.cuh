/// The gate: one warp per token, eight neighbouring experts per lane, four lanes per group.
#pragma once

#include "profiler/kernels/experts.h"
#include "profiler/kernels/simt.cuh"

namespace isobath::kernels {

inline constexpr int kGateThreads = 128;
inline constexpr float kOut       = -1e30F;  ///< below every score

/// Best and second of a set; merging sets that do not overlap.
struct BestTwo {
    float first, second;
};
ISOBATH_DEVICE BestTwo merge(BestTwo a, BestTwo b) {
    const float lower  = a.first < b.first ? a.first : b.first;
    const float second = a.second > b.second ? a.second : b.second;
    return {a.first < b.first ? b.first : a.first, lower > second ? lower : second};
}

/// Sum of the best two of the group that this lane's experts belong to.
ISOBATH_DEVICE float group_score(const float (&biased)[8]) {
    BestTwo best{kOut, kOut};
    ISOBATH_UNROLL
    for (const float x : biased) best = merge(best, {x, kOut});
    ISOBATH_UNROLL
    for (int mask = 1; mask < 4; mask *= 2)
        best = merge(best, {simt::shuffle_xor(best.first, mask), simt::shuffle_xor(best.second, mask)});
    return best.first + best.second;
}

/// Whether fewer than four groups are better.
ISOBATH_DEVICE bool group_stays(float score, int group) {
    int better = 0;
    ISOBATH_UNROLL
    for (int mask = 1; mask < 8; ++mask) {
        const float other = simt::shuffle_xor(score, mask * 4);
        if (other > score || (other == score && (group ^ mask) < group)) ++better;
    }
    return better < 4;
}

struct Candidate {
    float biased, score;
    int expert;
};
ISOBATH_DEVICE Candidate better(Candidate a, Candidate b) {
    return b.biased > a.biased || (b.biased == a.biased && b.expert < a.expert) ? b : a;
}

/// The best that is left in the warp, in every lane; its owner strikes it out.
ISOBATH_DEVICE Candidate take_best(float (&biased)[8], const float (&score)[8]) {
    Candidate best{2 * kOut, 0, 0};
    ISOBATH_UNROLL
    for (int i = 0; i < 8; ++i) best = better(best, {biased[i], score[i], simt::thread() % 32 * 8 + i});
    ISOBATH_UNROLL
    for (int mask = 1; mask < 32; mask *= 2)
        best = better(best, {simt::shuffle_xor(best.biased, mask), simt::shuffle_xor(best.score, mask),
                             simt::shuffle_xor(best.expert, mask)});
    ISOBATH_UNROLL
    for (int i = 0; i < 8; ++i)
        if (best.expert == simt::thread() % 32 * 8 + i) biased[i] = 2 * kOut;
    return best;
}

ISOBATH_KERNEL(kGateThreads)
gate_choice_kernel(Gate shape, const float* logits, const float* bias, int* chosen, float* weights) {
    const int lane           = simt::thread() % 32;
    const std::int64_t token = std::int64_t(simt::block_x()) * (kGateThreads / 32) + simt::thread() / 32;
    if (token >= shape.tokens) return;  // whole warps
    float score[8], biased[8];
    ISOBATH_UNROLL
    for (int i = 0; i < 8; ++i) {
        const float logit = logits[token * 256 + lane * 8 + i];
        score[i]          = 1.0F / (1.0F + simt::exp2_fast(logit * -1.44269504F));
        biased[i]         = score[i] + bias[lane * 8 + i];
    }
    if (!group_stays(group_score(biased), lane / 4))
        for (float& x : biased) x = kOut;
    Candidate mine{0, 0, 0};
    float sum = 0;
    for (int k = 0; k < kChosen; ++k) {
        const Candidate best = take_best(biased, score);
        sum += best.score;
        if (lane == k) mine = best;
    }
    if (lane >= kChosen) return;
    chosen[token * kChosen + lane]  = mine.expert;
    weights[token * kChosen + lane] = mine.score / sum * shape.scaling;
}

}  // namespace isobath::kernels
