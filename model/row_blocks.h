/// How many tiles and waves a grouped product needs when the rows of each expert are random.
#pragma once

namespace isobath {

/// P(Z > z) of a standard normal, to 1e-5, from a table: the hot path has no exp().
double normal_tail(double z);

/// Mean and variance of a whole number of blocks.
struct BlockCount {
    double mean = 0, variance = 0;
};

/// ceil(rows / tile) of one expert whose whole number of rows has this mean and variance (normal).
/// E[blocks] = sum over j of P(rows > j * tile). Without variance: exactly ceil(mean / tile).
BlockCount blocks_of_expert(double mean_rows, double row_variance, int tile);

/// E[ceil(blocks of all experts * columns / sms)]: waves of an `sms`-wide machine over `columns` tiles per
/// row block. Experts are independent. Few experts that each take b or b + 1 blocks are summed exactly
/// (binomial); the rest is normal.
double expected_waves(const BlockCount& of_expert, int experts, int columns, int sms);

}  // namespace isobath
