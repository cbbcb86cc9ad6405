#include "model/calibrate/least_squares.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kDifference    = 1e-6;  ///< step of a derivative, in log space
constexpr double kConverged     = 1e-11;
constexpr int kMostIterations   = 400;
constexpr double kEightyPerCent = 1.2816;  ///< standard normal: 80 % lie within this

struct Problem {
    std::span<const Parameter> parameters;
    int rows;
    const LogResiduals& residuals;
    double huber;

    VectorXd at(const VectorXd& logs) const {
        const VectorXd constants = logs.array().exp();
        VectorXd out(rows);
        residuals({constants.data(), parameters.size()}, {out.data(), std::size_t(rows)});
        return out;
    }
    double loss(const VectorXd& r) const {
        return r
            .unaryExpr([this](double e) {
                const double a = std::abs(e);
                return a <= huber ? a * a / 2 : huber * (a - huber / 2);
            })
            .sum();
    }
    VectorXd weights(const VectorXd& r) const {
        return r.unaryExpr([this](double e) { return std::abs(e) <= huber ? 1.0 : huber / std::abs(e); });
    }
    bool fixed(Eigen::Index i) const {
        return parameters[std::size_t(i)].low == parameters[std::size_t(i)].high;
    }
    VectorXd clamped(VectorXd logs) const {
        for (Eigen::Index i = 0; i < logs.size(); ++i)
            logs[i] = std::clamp(logs[i], std::log(parameters[std::size_t(i)].low),
                                 std::log(parameters[std::size_t(i)].high));
        return logs;
    }
    MatrixXd jacobian(const VectorXd& logs) const {
        MatrixXd out = MatrixXd::Zero(rows, logs.size());
        for (Eigen::Index i = 0; i < logs.size(); ++i) {
            if (fixed(i)) continue;
            VectorXd up = logs, down = logs;
            up[i] += kDifference;
            down[i] -= kDifference;
            out.col(i) = (at(up) - at(down)) / (2 * kDifference);
        }
        return out;
    }
};

/// Constants that stand at a bound and are pushed against it stay there for this step.
void hold_at_bounds(const Problem& problem, const VectorXd& logs, VectorXd& gradient, MatrixXd& curvature) {
    for (Eigen::Index i = 0; i < logs.size(); ++i) {
        const Parameter& p = problem.parameters[std::size_t(i)];
        const bool held    = problem.fixed(i) || (gradient[i] > 0 && logs[i] <= std::log(p.low)) ||
                          (gradient[i] < 0 && logs[i] >= std::log(p.high));
        if (!held) continue;
        gradient[i] = 0;
        curvature.row(i).setZero();
        curvature.col(i).setZero();
        curvature(i, i) = 1;
    }
}

/// One damped step; false when no smaller loss is found.
bool step(const Problem& problem, VectorXd& logs, double& damping) {
    const VectorXd r = problem.at(logs), w = problem.weights(r);
    const MatrixXd j   = problem.jacobian(logs);
    VectorXd gradient  = j.transpose() * w.cwiseProduct(r);
    MatrixXd curvature = j.transpose() * w.asDiagonal() * j;
    hold_at_bounds(problem, logs, gradient, curvature);
    const double before = problem.loss(r);
    while (damping < 1e12) {
        MatrixXd damped = curvature;
        damped.diagonal() *= 1 + damping;
        damped.diagonal().array() += 1e-12;
        const VectorXd next = problem.clamped(logs - damped.ldlt().solve(gradient));
        if (!(problem.loss(problem.at(next)) < before)) {
            damping *= 4;
            continue;
        }
        const double moved = (next - logs).cwiseAbs().maxCoeff();
        logs               = next;
        damping            = std::max(damping / 10, 1e-12);
        return moved > kConverged;
    }
    return false;
}

/// Standard deviation of each constant's logarithm; zero for fixed ones.
VectorXd deviations(const Problem& problem, const VectorXd& logs) {
    const VectorXd r = problem.at(logs), w = problem.weights(r);
    const MatrixXd j   = problem.jacobian(logs);
    MatrixXd curvature = j.transpose() * w.asDiagonal() * j;
    int free           = 0;
    for (Eigen::Index i = 0; i < logs.size(); ++i) free += !problem.fixed(i);
    curvature.diagonal().array() +=
        1e-9;  // a constant that no row feels: a wide interval, not an infinite one
    const double spread = w.dot(r.cwiseAbs2()) / std::max(1, problem.rows - free);
    VectorXd out        = (spread * curvature.inverse().diagonal()).cwiseMax(0).cwiseSqrt();
    for (Eigen::Index i = 0; i < logs.size(); ++i)
        if (problem.fixed(i)) out[i] = 0;
    return out;
}

}  // namespace

LeastSquares fit_least_squares(std::span<const Parameter> parameters, int rows, const LogResiduals& residuals,
                               double huber) {
    const Problem problem{parameters, rows, residuals, huber};
    VectorXd logs(Eigen::Index(parameters.size()));
    for (Eigen::Index i = 0; i < logs.size(); ++i) logs[i] = std::log(parameters[std::size_t(i)].start);
    double damping = 1e-3;
    for (int i = 0; i < kMostIterations && step(problem, logs, damping); ++i) {
    }
    const VectorXd sigma = kEightyPerCent * deviations(problem, logs);
    const VectorXd low = problem.clamped(logs - sigma).array().exp(), value = logs.array().exp(),
                   high = problem.clamped(logs + sigma).array().exp(), r = problem.at(logs);
    const auto list = [](const VectorXd& v) { return std::vector<double>(v.begin(), v.end()); };
    return {list(value), list(low), list(high), list(r)};
}

}  // namespace isobath
