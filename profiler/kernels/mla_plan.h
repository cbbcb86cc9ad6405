/// Which block of an absorbed MLA decode reads which part of which request's cache.
///
/// Every block gets the same number of KV pages, give or take one; a request that several blocks share is
/// split, and its parts are combined afterwards ("Flash-Decoding", Dao et al., 2023).
#pragma once

#include <algorithm>
#include <vector>

namespace isobath::kernels {

inline constexpr int kPageTokens = 64;

/// Tokens [begin, end) of a request. `slot` numbers partial results; -1: the part is the whole request.
struct MlaPart {
    int request, begin, end, slot;
};

/// A request whose parts lie in `count` slots from `first_slot` on.
struct MlaSplit {
    int request, first_slot, count;
};

struct MlaPlan {
    std::vector<MlaPart> parts;
    std::vector<int> first_part;  ///< per block, and one more for the end
    std::vector<MlaSplit> splits;
    int slots = 0;
};

/// Pages of a request: at least one, so that an empty context gets its zeros written.
inline int pages_of(int context) {
    return std::max(1, (context + kPageTokens - 1) / kPageTokens);
}

namespace mla_plan_detail {

/// Cuts `request` where blocks of `share` pages end; `page` counts pages over all requests.
inline void add_request(MlaPlan& plan, int request, int context, long share, long& page) {
    const std::size_t first = plan.parts.size();
    for (int done = 0, pages = pages_of(context); done < pages;) {
        if (page % share == 0) plan.first_part.push_back(int(plan.parts.size()));
        const int take = int(std::min<long>(pages - done, share - page % share));
        plan.parts.push_back(
            {request, done * kPageTokens, std::min(context, (done + take) * kPageTokens), -1});
        done += take;
        page += take;
    }
    const int count = int(plan.parts.size() - first);
    if (count == 1) return;
    plan.splits.push_back({request, plan.slots, count});
    for (std::size_t p = first; p < plan.parts.size(); ++p) plan.parts[p].slot = plan.slots++;
}

}  // namespace mla_plan_detail

/// Divides requests with these contexts (tokens) among `blocks` thread blocks.
inline MlaPlan plan_mla_decode(const std::vector<int>& contexts, int blocks) {
    long pages = 0, page = 0;
    for (const int c : contexts) pages += pages_of(c);
    const long share = std::max<long>(1, (pages + blocks - 1) / blocks);
    MlaPlan plan;
    for (std::size_t r = 0; r < contexts.size(); ++r)
        mla_plan_detail::add_request(plan, int(r), contexts[r], share, page);
    plan.first_part.resize(std::size_t(blocks) + 1, int(plan.parts.size()));
    return plan;
}

}  // namespace isobath::kernels
