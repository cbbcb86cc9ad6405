/// How far a fit is from rows that it has not seen, found among the rows that it may see.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/calibrate/silicon.h"

namespace isobath {

/// The factor within which four of five rows of `rows` lie when a fifth of them at a time, chosen by hash, is
/// predicted from the others. `fit(rows)` returns something whose operator()(row) is a time.
///
/// Source: five-fold cross-validation. Rows held back are no part of it.
template <class Row, class Fit>
double factor_unseen(const std::vector<Row>& rows, const Fit& fit) {
    constexpr std::uint64_t kFolds = 5;
    const auto fold                = [](const Row& row) { return fnv1a64(row.key) / kFolds % kFolds; };
    std::vector<double> errors;
    for (std::uint64_t left_out = 0; left_out < kFolds; ++left_out) {
        std::vector<Row> others;
        for (const Row& row : rows)
            if (fold(row) != left_out) others.push_back(row);
        if (others.empty()) continue;
        const auto predict = fit(others);
        for (const Row& row : rows)
            if (fold(row) == left_out) errors.push_back(std::abs(std::log(predict(row) / row.time)));
    }
    if (errors.empty()) return 1;
    const auto at = errors.begin() + std::ptrdiff_t(0.8 * double(errors.size() - 1) + 0.5);
    std::nth_element(errors.begin(), at, errors.end());
    return std::exp(*at);
}

}  // namespace isobath
