// The phases of a training run, as the scenario lists them.
#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "sim/train/train.h"

namespace isobath {
namespace {

TrainPhaseSpec read_phase(SpecReader& in) {
    TrainPhaseSpec p;
    p.name         = in.text("name");
    p.tokens       = in.number_or("tokens", 0, 0, 1e18);
    p.gpu_hours    = in.number_or("gpu_hours", 0, 0, 1e15);
    p.sequence     = in.number_or("sequence", 0, 1, 1e7);
    p.global_batch = in.integer_or("global_batch", 0, 1, 10'000'000);
    p.cp           = in.integer_or("cp", 0, 1, 4096);
    if ((p.tokens > 0) == (p.gpu_hours > 0))
        in.fail("tokens", "a phase has its tokens, or the gpu_hours it is known to take; one of them");
    if (p.stated() && (p.sequence > 0 || p.global_batch > 0 || p.cp > 0))
        in.fail("gpu_hours", "a phase of known hours has no layout; allowed beside it: name");
    in.finish();
    return p;
}

}  // namespace

std::vector<TrainPhaseSpec> phases_of(const Scenario& s) {
    const nlohmann::json list = nlohmann::json::parse(s.training.phases.json);
    if (!list.is_array()) throw SpecError(s.file, "/training/phases", "expected a list of phases");
    std::vector<TrainPhaseSpec> out;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string path = fmt::format("/training/phases/{}", i);
        if (!list[i].is_object()) throw SpecError(s.file, path, "expected an object with a name and tokens");
        SpecReader in(list[i], s.file, path);
        out.push_back(read_phase(in));
    }
    if (out.empty() && s.training.tokens > 0) out.push_back({"training", s.training.tokens, 0, 0, 0, 0});
    return out;
}

}  // namespace isobath
