/// What failures and checkpoints leave of a training run's time.
#pragma once

#include "hw/units.h"

namespace isobath {

struct Failures {
    Seconds mtbf;        ///< of the whole job: one GPU's over the number of GPUs; zero: nothing fails
    Seconds checkpoint;  ///< that training stands still to write one
    Seconds restart;     ///< from a failure until training runs again, lost steps not counted
};

/// Mean time between failures of a job that stops when any of its GPUs does; failures are independent.
Seconds job_mtbf(Seconds of_one_gpu, int gpus);

/// Wall time for each second of training that counts, where a checkpoint follows each `interval` of it.
///
/// Exponential failures, also while checkpoints are written and jobs restart:
/// M e^(R/M) (e^((interval + C)/M) - 1) / interval. Source: Daly, "A higher order estimate of the optimum
/// checkpoint interval for restart dumps", 2006, equation 13.
double wall_per_useful(const Failures& f, Seconds interval);

/// sqrt(2 C M): Young, "A first order approximation to the optimum checkpoint interval", 1974.
Seconds young_interval(const Failures& f);

/// Daly's higher order: sqrt(2 C M) (1 + sqrt(C / 2M) / 3 + C / 2M / 9) - C where C < 2M, else M.
Seconds daly_interval(const Failures& f);

}  // namespace isobath
