/// How errors of single blocks add up over the layers of a model: an assumption, and its bounds.
#pragma once

#include <span>

namespace isobath::numerics {

/// Relative error of the hidden state after the last layer (root mean square).
struct StackNoise {
    double hidden = 0, low = 0, high = 0;
};

/// `variances` holds, per block (attention or FFN) in order, the squared relative error that its formats
/// cause in its own output. Assumed: errors of blocks are independent, blocks add equal amounts to the
/// residual stream, and
///   low     an error once made stays in the stream as it is: the mean of the variances;
///   hidden  a block turns a relative error of its input into the same relative error of its output, which is
///           independent of it: the block that stands l-th adds variance / l;
///   high    relative errors add from block to block as if none of the stream were clean: the sum.
/// Router flips that the noise causes are not in it.
StackNoise through_stack(std::span<const double> variances);

}  // namespace isobath::numerics
