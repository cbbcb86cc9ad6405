/// Judges a fit by rows that it has not seen: one in five by hash, and whole shapes left out.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "hw/estimate.h"
#include "hw/scores.h"

namespace isobath {

/// A measured row beside its prediction.
struct Scored {
    std::string key;
    Seconds measured;
    Estimate predicted;
};

/// Errors, coverage and width over the rows; all zero if there are none.
Scores scores_of(std::span<const Scored> rows);

/// At most `most` of the rows, evenly spread from the shortest to the longest measured time.
std::vector<ScoredPoint> sample_of(std::span<const Scored> rows, std::size_t most = 60);

/// The fold of each row: rows of one site stay together, sites are dealt out in alphabetical order.
std::vector<int> folds_of(std::span<const std::string> sites, int folds);

// Below, a Row has `key`, `time` and `held_back` (KernelSample, SiliconRow). `fit(rows)` fits constants to
// rows and returns something that predicts: `predict(row)` gives an Estimate.

template <class Row>
std::vector<Row> seen_rows(std::span<const Row> rows) {
    std::vector<Row> out;
    for (const Row& row : rows)
        if (!row.held_back) out.push_back(row);
    return out;
}

/// The rows that were held back, under a fit to the others.
template <class Row, class Predict>
std::vector<Scored> score_held_back(std::span<const Row> rows, const Predict& predict) {
    std::vector<Scored> out;
    for (const Row& row : rows)
        if (row.held_back) out.push_back({row.key, row.time, predict(row)});
    return out;
}

/// Every row, under a fit to the rows of other sites; held-back rows are never fitted.
///
/// `site_of(row)` names what is left out together, such as "7168x2048". A single site gives no score.
template <class Row, class SiteOf, class Fit>
std::vector<Scored> score_sites_left_out(std::span<const Row> rows, const SiteOf& site_of, const Fit& fit,
                                         int folds = 5) {
    std::vector<std::string> sites;
    for (const Row& row : rows) sites.push_back(site_of(row));
    const std::vector<int> fold = folds_of(sites, folds);
    std::vector<Scored> out;
    for (int left_out = 0; left_out < folds; ++left_out) {
        std::vector<Row> others;
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (fold[i] != left_out && !rows[i].held_back) others.push_back(rows[i]);
        if (others.empty() || std::size_t(std::count(fold.begin(), fold.end(), left_out)) == 0) continue;
        const auto predict = fit(others);
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (fold[i] == left_out) out.push_back({rows[i].key, rows[i].time, predict(rows[i])});
    }
    return out;
}

/// Both scores of one family. `predict` is the shipped fit: the one to all rows that are not held back.
template <class Row, class SiteOf, class Fit, class Predict>
UnseenScores judge(std::span<const Row> rows, const SiteOf& site_of, const Fit& fit, const Predict& predict,
                   int constants, int folds = 5) {
    const std::vector<Scored> held_back = score_held_back(rows, predict);
    return {constants, scores_of(held_back), scores_of(score_sites_left_out(rows, site_of, fit, folds)),
            sample_of(held_back)};
}

}  // namespace isobath
