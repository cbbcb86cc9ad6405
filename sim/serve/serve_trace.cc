// A window of a simulation as a Chrome/Perfetto trace.
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include <fmt/format.h>

#include "sim/serve/serve_run.h"

namespace isobath {
namespace {

using nlohmann::json;
using Kind = ServeEvent::Kind;

double us(Ticks t) {
    return double(t) * 1e-3;
}

/// Processes of a trace: requests on their way are number 1, units follow.
int process_of(const ServeEvent& e) {
    return 2 + e.unit * 2 + e.fleet;
}

json step(const ServeEvent& e) {
    return {{"ph", "X"},
            {"pid", process_of(e)},
            {"tid", 1},
            {"name", "step"},
            {"ts", us(e.at)},
            {"dur", us(e.until - e.at)},
            {"args", {{"tokens", e.tokens}}}};
}

/// What a request does from this event on; null: nothing.
const char* begins(const ServeEvent& e) {
    switch (e.kind) {
        case Kind::arrived:
        case Kind::preempted:
        case Kind::failed: return "waits";
        case Kind::admitted: return e.fleet == 0 ? "prefill" : "decodes";
        case Kind::first_token: return "decodes";
        case Kind::handed_over: return "handed over";
        default: return nullptr;
    }
}

json part(const char* phase, std::uint64_t request, const char* name, Ticks at) {
    return {{"ph", phase}, {"cat", "request"}, {"id", request}, {"pid", 1},
            {"tid", 1},    {"name", name},     {"ts", us(at)}};
}

json process_name(int pid, const std::string& name) {
    return {{"ph", "M"}, {"pid", pid}, {"tid", 1}, {"name", "process_name"}, {"args", {{"name", name}}}};
}

/// Requests' phases as pairs of a beginning and an end, each ending the one before it.
class Phases {
  public:
    explicit Phases(json& out) : out_(out) {}

    void take(const ServeEvent& e) {
        const char* next = begins(e);
        if (!next && e.kind != Kind::finished) return;
        end(e.request, e.at);
        if (!next) return;
        open_[e.request] = next;
        out_.push_back(part("b", e.request, next, e.at));
    }
    void end_all(Ticks at) {
        while (!open_.empty()) end(open_.begin()->first, at);
    }

  private:
    void end(std::uint64_t request, Ticks at) {
        const auto found = open_.find(request);
        if (found == open_.end()) return;
        out_.push_back(part("e", request, found->second, at));
        open_.erase(found);
    }

    json& out_;
    std::map<std::uint64_t, const char*> open_;
};

}  // namespace

void ServeTrace::add(const ServeEvent& e) {
    const Ticks end = e.kind == Kind::step ? e.until : e.at;
    if (end < from_ || e.at >= to_ || full()) return;
    events_.push_back(e);
}

std::string ServeTrace::text() const {
    json out = json::array();
    out.push_back(process_name(1, "requests"));
    Phases phases(out);
    std::set<std::pair<int, std::string>> units;
    for (const ServeEvent& e : events_) {
        if (e.kind != Kind::step) {
            phases.take(e);
            continue;
        }
        out.push_back(step(e));
        units.insert({process_of(e), fmt::format("{} unit {}", e.fleet == 0 ? "first" : "decode", e.unit)});
    }
    phases.end_all(to_);
    for (const auto& [pid, name] : units) out.push_back(process_name(pid, name));
    return json{{"displayTimeUnit", "ms"}, {"traceEvents", out}}.dump() + "\n";
}

}  // namespace isobath
