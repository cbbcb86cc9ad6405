/// Whether a number of GPUs can work together here.
#pragma once

#include <string>
#include <vector>

namespace isobath {

/// Who may read whose memory: `reach[i][j]` is true if GPU i may reach GPU j; the diagonal is not looked at.
using PeerMatrix = std::vector<std::vector<bool>>;

/// Why a collective over the first `gpus` GPUs cannot be measured; empty: it can.
/// ("needs 8 GPUs, 1 is here", "GPU 0 cannot reach GPU 3")
std::string peer_problem(int gpus, const PeerMatrix& reach);

}  // namespace isobath
