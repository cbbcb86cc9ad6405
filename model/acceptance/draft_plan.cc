#include "model/acceptance/draft_plan.h"

namespace isobath {

DraftPlan mtp_plan(int depth, bool trained) {
    DraftPlan p;
    p.kind       = DraftKind::target_block;
    p.passes     = depth;
    p.later_rows = trained ? 0 : 1;
    p.verified   = depth + 1;
    p.modules    = trained ? depth : 1;
    return p;
}

DraftPlan parallel_heads_plan(int depth) {
    DraftPlan p;
    p.kind         = DraftKind::target_block;
    p.passes       = 1;
    p.side_by_side = depth;
    p.joins        = false;
    p.verified     = depth + 1;
    p.modules      = depth;
    return p;
}

DraftPlan medusa_plan(int depth, int nodes) {
    DraftPlan p;
    p.kind         = DraftKind::heads;
    p.passes       = 1;
    p.side_by_side = depth;
    p.joins        = false;
    p.first_on_all = false;
    p.verified     = 1 + (nodes > 0 ? nodes : depth);
    return p;
}

DraftPlan eagle_plan(int depth, int width, int nodes) {
    DraftPlan p;
    p.kind       = DraftKind::dense_block;
    p.passes     = depth;
    p.later_rows = nodes > 0 ? width : 1;
    p.verified   = 1 + (nodes > 0 ? nodes : depth);
    p.modules    = 1;
    return p;
}

DraftPlan model_plan(int depth) {
    DraftPlan p;
    p.kind     = DraftKind::model;
    p.passes   = depth;
    p.joins    = false;
    p.verified = depth + 1;
    return p;
}

}  // namespace isobath
