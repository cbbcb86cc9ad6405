#include "sim/compare.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include <fmt/format.h>

#include "hw/text.h"
#include "sim/run_result.h"
#include "sim/scenario_reader.h"

namespace isobath {
namespace {

using nlohmann::json;

/// Reads one side; a missing key names the side and the path.
class Side {
  public:
    Side(const json& result, const std::string& name) : result_(result), name_(name) {}

    const json& at(const std::string& path) const {
        const json::json_pointer pointer(path);
        if (!result_.is_object() || !result_.contains(pointer))
            fail_at(name_, path, "missing; expected a result of isobath run --json");
        return result_.at(pointer);
    }
    double number(const std::string& path) const { return number(at(path), path); }
    double number(const json& value, const std::string& path) const {
        if (!value.is_number()) fail_at(name_, path, "expected a number");
        return value.get<double>();
    }
    const json& object(const std::string& path) const {
        if (!at(path).is_object()) fail_at(name_, path, "expected an object");
        return at(path);
    }
    const json& array(const std::string& path) const {
        if (!at(path).is_array()) fail_at(name_, path, "expected an array");
        return at(path);
    }
    [[noreturn]] void fail(const std::string& path, const char* what) const { fail_at(name_, path, what); }
    bool fits() const { return at("/fits") == true; }

  private:
    const json& result_;
    const std::string& name_;
};

std::vector<FieldChange> fields_of(const json& a, const json& b) {
    const json left = a.flatten(), right = b.flatten();
    std::vector<FieldChange> out;
    std::set<std::string> paths;
    for (const json* side : {&left, &right})
        for (const auto& [path, value] : side->items()) paths.insert(path);
    for (const std::string& path : paths) {
        const auto of       = [&](const json& side) { return side.contains(path) ? side[path].dump() : ""; };
        const std::string x = of(left), y = of(right);
        if (x != y && !(left.contains(path) && right.contains(path) && left[path] == right[path]))
            out.push_back({path, x, y});
    }
    return out;
}

std::vector<MetricChange> metrics_of(const Side& a, const Side& b) {
    constexpr struct {
        const char *name, *unit, *path;
    } kMetrics[] = {{"step", "s", "/step/time_s"},
                    {"layer", "s", "/layer/period_s"},
                    {"time per output token", "s", "/latency/tpot_s"},
                    {"time to first token", "s", "/latency/ttft_s"},
                    {"output per GPU", "tokens/s", "/throughput/output_tokens_per_s_per_gpu"},
                    {"input per GPU", "tokens/s", "/throughput/input_tokens_per_s_per_gpu"},
                    {"memory free", "B", "/memory/free"},
                    {"room in the cache", "tokens", "/memory/max_total_tokens"},
                    {"million output tokens", "USD", "/cost/usd_per_million_output_tokens"},
                    {"million input tokens", "USD", "/cost/usd_per_million_input_tokens"}};
    std::vector<MetricChange> out;
    for (const auto& m : kMetrics) {
        const MetricChange change{m.name, m.unit, a.number(m.path), b.number(m.path)};
        if (change.a != 0 || change.b != 0) out.push_back(change);
    }
    return out;
}

std::vector<MetricChange> parts_of(const Side& a, const Side& b) {
    const std::string parts = "/layer/parts";
    const json &x = a.object(parts), &y = b.object(parts);
    std::vector<MetricChange> out;
    for (const json* side : {&x, &y})
        for (const auto& part : side->items()) {
            const std::string& key = part.key();  // not a structured binding: Clang 14 lets no lambda see one
            std::string name       = key.ends_with("_s") ? key.substr(0, key.size() - 2) : key;
            std::replace(name.begin(), name.end(), '_', ' ');
            const bool there =
                std::any_of(out.begin(), out.end(), [&](const auto& m) { return m.name == name; });
            const auto of = [&](const Side& s, const json& o) {
                return o.contains(key) ? s.number(o[key], parts + "/" + key) : 0;
            };
            if (!there) out.push_back({name, "s", of(a, x), of(b, y)});
        }
    std::erase_if(out, [](const MetricChange& m) { return m.a == 0 && m.b == 0; });
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& l, const auto& r) { return std::abs(l.b - l.a) > std::abs(r.b - r.a); });
    return out;
}

void add(OpTotal& total, const Side& side, const json& op, const std::string& path) {
    const auto number = [&](const char* key) { return side.number(op.value(key, json()), path + "/" + key); };
    const double count = number("count");
    total.present      = true;
    total.count += count;
    total.time += count * number("time_s");
    total.flop += count * number("flop");
    total.bytes += count * number("bytes");
    total.bound  = op.value("bound", "");
    total.source = op.value("source", "");
}

void collect(const Side& side, OpTotal OpChange::*which, std::vector<OpChange>& out) {
    const json& ops = side.array("/step/ops");
    for (std::size_t i = 0; i < ops.size(); ++i) {
        const std::string path = fmt::format("/step/ops/{}", i);
        if (!ops[i].is_object() || !ops[i].value("name", json()).is_string())
            side.fail(path + "/name", "expected text");
        const std::string name = ops[i]["name"];
        auto found = std::find_if(out.begin(), out.end(), [&](const OpChange& o) { return o.name == name; });
        if (found == out.end()) found = out.insert(out.end(), {name, {}, {}, {}});
        add((*found).*which, side, ops[i], path);
    }
}

/// "1.97x bytes" where the amounts differ by more than half a percent.
void add_amount(const char* what, double a, double b, std::vector<std::string>& reasons) {
    if (a > 0 && b > 0 && std::abs(b / a - 1) > 0.005)
        reasons.push_back(fmt::format("{:.3g}x {}", b / a, what));
}

void add_reasons(OpChange& op) {
    if (!op.a.present || !op.b.present) {
        op.reasons.push_back(op.a.present ? "only in A" : "only in B");
        return;
    }
    if (op.a.bound != op.b.bound) op.reasons.push_back(fmt::format("bound {} -> {}", op.a.bound, op.b.bound));
    if (op.a.source != op.b.source) op.reasons.push_back(fmt::format("{} -> {}", op.a.source, op.b.source));
    add_amount("runs", op.a.count, op.b.count, op.reasons);
    add_amount("FLOP", op.a.flop / op.a.count, op.b.flop / op.b.count, op.reasons);
    add_amount("bytes", op.a.bytes / op.a.count, op.b.bytes / op.b.count, op.reasons);
}

std::vector<OpChange> ops_of(const Side& a, const Side& b) {
    std::vector<OpChange> out;
    collect(a, &OpChange::a, out);
    collect(b, &OpChange::b, out);
    for (OpChange& op : out) add_reasons(op);
    std::stable_sort(out.begin(), out.end(), [](const auto& x, const auto& y) {
        return std::abs(x.change()) > std::abs(y.change());
    });
    return out;
}

}  // namespace

json load_result(const std::string& path, const DataFiles& data, const std::vector<Override>& overrides) {
    std::error_code none;
    if (std::filesystem::is_regular_file(path, none)) {
        const json file = read_json(path);
        if (file.is_object() && file.contains("step") && file["step"].is_object()) {
            if (!overrides.empty())
                fail_at(overrides.front().shown, "",
                        clipped(path, 400) + " is a result; only a scenario has fields to set");
            return file;
        }
    }
    return to_json(run_scenario(load_scenario(path, data, overrides), data));
}

Comparison compare(const json& a, const json& b, const std::string& a_name, const std::string& b_name) {
    const Side left(a, a_name), right(b, b_name);
    return {fields_of(left.object("/scenario"), right.object("/scenario")), metrics_of(left, right),
            parts_of(left, right), ops_of(left, right), left.fits() && right.fits()};
}

}  // namespace isobath
