#include "sim/explain/explain.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/text.h"

namespace isobath {
namespace {

struct Topic {
    std::string name;
    const char* group;
    Explanation (*explain)(const Study&, const std::string&);
};

class Topics {
  public:
    explicit Topics(const Study& study) : study_(study) {
        for (const LayerOp& op : study.result.work.ops) add("Kernels", op.name, explain_kernel);
        const StepWorkspace& work = study.result.work;
        for (const LayerOp& op : work.draft_ops)
            add("Kernels", std::string(kFirstDraft) + op.name, explain_kernel);
        for (std::size_t room = 0; room < work.passes.size() && !study.model.draft_model(); ++room)
            for (const LayerOp& op : work.passes[room].ops)
                add("Kernels", (room == 0 ? kLaterDraft : kFirstDraft) + std::string(op.name),
                    explain_kernel);
        transfers();
        for (const char* name : {"layer", "step"})
            add("Times", name, name[0] == 'l' ? explain_layer : explain_step);
        for (const char* item : {"weights", "kv", "activations", "buffers", "free", "max_total_tokens"})
            add("Memory of one GPU", std::string("memory.") + item, explain_memory);
        for (const char* rate : {"speculation", "latency", "throughput", "cost"})
            add("What it means", rate, explain_rate);
    }
    const std::vector<Topic>& all() const { return all_; }

  private:
    void add(const char* group, std::string name, Explanation (*how)(const Study&, const std::string&)) {
        const bool there =
            std::any_of(all_.begin(), all_.end(), [&](const Topic& t) { return t.name == name; });
        if (!there) all_.push_back({std::move(name), group, how});
    }

    void transfers() {
        const Layout& l = study_.scenario().layout;
        const bool moe = study_.scenario().model.moe.has_value(), hook = study_.model.layer_plan().hook;
        if (study_.result.exchanges) {
            for (const char* name : {"dispatch", "combine"})
                add("Transfers and waits", name, explain_exchange);
            if (hook)
                for (const char* name : {"dispatch_send", "dispatch_recv", "combine_send", "combine_recv"})
                    add("Transfers and waits", name, explain_own_kernel);
            if (l.comm == Comm::deepep_normal)
                for (const char* name : {"dispatch_barrier", "combine_barrier"})
                    add("Transfers and waits", name, explain_barrier);
        }
        if (l.attention_tp * l.attention_cp > 1)
            add("Transfers and waits", "attention_all_reduce", explain_all_reduce);
        if (moe && !study_.result.exchanges && l.ep * l.expert_tp > 1)
            add("Transfers and waits", "experts_all_reduce", explain_all_reduce);
        if (moe) add("Transfers and waits", "straggler_lag", explain_straggler);
        add("Transfers and waits", "launch_gaps", explain_gaps);
    }

    const Study& study_;
    std::vector<Topic> all_;
};

Explanation made(const Study& study, const Topic& topic) {
    Explanation e = topic.explain(study, topic.name);
    close(e);
    return e;
}

[[noreturn]] void unknown(const std::string& name, const std::vector<Topic>& all) {
    std::vector<std::string_view> names;
    for (const Topic& t : all) names.push_back(t.name);
    const std::string_view near = nearest(name, names);
    throw SpecError(
        fmt::format("isobath explain: OP: nothing called \"{}\" in this scenario; {}", clipped(name),
                    near.empty() ? "known: " + joined(names) : fmt::format("did you mean \"{}\"?", near)));
}

}  // namespace

std::vector<std::string> topics(const Study& study) {
    std::vector<std::string> names;
    const Topics known(study);
    for (const Topic& t : known.all()) names.push_back(t.name);
    return names;
}

Explanation explain(const Study& study, const std::string& name) {
    const Topics topics(study);
    for (const Topic& t : topics.all())
        if (t.name == name) return made(study, t);
    unknown(name, topics.all());
}

std::string topics_text(const Study& study, bool colour) {
    std::string out, group;
    const Topics topics(study);
    for (const Topic& t : topics.all()) {
        const Explanation e = made(study, t);
        if (group != t.group) {
            out += (group.empty() ? "" : "\n") + std::string(colour ? "\x1b[1m" : "") + t.group +
                   (colour ? "\x1b[0m" : "") + "\n";
            group = t.group;
        }
        out += fmt::format("  {:<24} {:>14}   {}\n", t.name, show(e.result.value, e.result.unit), e.title);
    }
    return out;
}

nlohmann::json topics_json(const Study& study) {
    nlohmann::json all = nlohmann::json::array();
    const Topics topics(study);
    for (const Topic& t : topics.all()) {
        const Explanation e = made(study, t);
        all.push_back({{"op", e.op},
                       {"title", e.title},
                       {e.result.unit == "s" ? "result_s" : "value", e.result.value},
                       {"unit", e.result.unit}});
    }
    return {{"topics", all}};
}

}  // namespace isobath
