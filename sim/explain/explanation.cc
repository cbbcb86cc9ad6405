#include "sim/explain/explanation.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include <fmt/format.h>

namespace isobath {

using nlohmann::json;

Known known(std::string name, double value, std::string unit, std::string from) {
    return {std::move(name), value, std::move(unit), value, value, std::move(from), ""};
}
Known known(std::string name, Seconds value, std::string from) {
    return known(std::move(name), value.base(), "s", std::move(from));
}
Known known(std::string name, Bytes value, std::string from) {
    return known(std::move(name), value.base(), "B", std::move(from));
}
Known known(std::string name, Flops value, std::string from) {
    return known(std::move(name), value.base(), "FLOP", std::move(from));
}
Known known(std::string name, BytesPerSecond value, std::string from) {
    return known(std::move(name), value.base(), "B/s", std::move(from));
}
Known known(std::string name, FlopsPerSecond value, std::string from) {
    return known(std::move(name), value.base(), "FLOP/s", std::move(from));
}
Known known(std::string name, const Estimate& e, std::string from) {
    return between(known(std::move(name), e.time, std::move(from)), e.low.base(), e.high.base());
}
Known named(std::string name, std::string word, std::string from) {
    return {std::move(name), 0, "", 0, 0, std::move(from), std::move(word)};
}

Known between(Known k, double low, double high) {
    k.low  = low;
    k.high = high;
    return k;
}

void close(Explanation& e) {
    const double derived = e.steps.at(e.steps.size() - 1).value, stated = e.result.value;
    if (std::abs(derived - stated) > 1e-9 * std::max(std::abs(stated), std::abs(derived)))
        throw std::logic_error(fmt::format(
            "the explanation of {} leads to {:.12g}, but the result is {:.12g}", e.op, derived, stated));
}

namespace {

json to_json(const Known& k, const char* origin) {
    json out{{"name", k.name}, {"unit", k.unit}, {origin, k.from}};
    if (!k.word.empty()) {
        out["value"] = k.word;
        return out;
    }
    out["value"] = k.value;
    out["low"]   = k.low;
    out["high"]  = k.high;
    return out;
}

json list(const std::vector<Known>& all, const char* origin) {
    json out = json::array();
    for (const Known& k : all) out.push_back(to_json(k, origin));
    return out;
}

}  // namespace

json to_json(const Explanation& e) {
    json out{{"op", e.op},
             {"title", e.title},
             {"equation", e.equation},
             {"inputs", list(e.inputs, "source")},
             {"steps", list(e.steps, "formula")},
             {"unit", e.result.unit},
             {"low", e.result.low},
             {"high", e.result.high},
             {"source", e.source},
             {"bound", e.bound}};
    out[e.result.unit == "s" ? "result_s" : "value"] = e.result.value;
    if (e.runs > 0) out["count"] = e.runs;
    return out;
}

}  // namespace isobath
