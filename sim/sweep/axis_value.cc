#include "sim/sweep/axis_value.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/calibration.h"
#include "hw/spec_reader.h"
#include "hw/text.h"
#include "sim/scenario_fields.h"

namespace isobath::sweep {
namespace {

using nlohmann::json;

void check_preset(const Field& field, const json& value, const DataFiles& data, const std::string& file,
                  const std::string& at) {
    if (!value.is_string()) return;
    std::string name    = value.get<std::string>();
    const bool built_in = !name.ends_with(".json") && name.find('/') == name.npos;
    if (!built_in || name == "auto" || name == "none") return;
    if (field.path == "/calibration") {
        const auto names = calibration_names();
        if (std::count(names.begin(), names.end(), name)) return;
        name += "/" + name;
    }
    if (field.path == "/engine") name = newest_engine(data, name);
    load_preset(data, std::string(field.presets), name, file, at);
}

/// Reads the value as the scenario's reader will.
struct Taker {
    const Field& field;
    const json& value;
    const DataFiles& data;
    const std::string &file, &at;

    void operator()(int& (*)(Scenario&)) const {
        reader([&](SpecReader& in) {
            in.integer("", static_cast<int>(field.min), static_cast<int>(std::min(field.max, 1e9)));
        });
    }
    void operator()(double& (*)(Scenario&)) const {
        reader([&](SpecReader& in) { in.number("", field.min, field.max); });
    }
    template <int S, int B, int F>
    void operator()(Quantity<S, B, F>& (*)(Scenario&)) const {
        reader([&](SpecReader& in) { in.quantity<Quantity<S, B, F>>(""); });
    }
    /// Lists: the scenario's reader says what is wrong with them.
    template <class T>
    void operator()(std::vector<T>& (*)(Scenario&)) const {}
    void operator()(std::string& (*)(Scenario&)) const {
        reader([&](SpecReader& in) { in.text(""); });
    }
    void operator()(std::uint64_t& (*)(Scenario&)) const {
        reader([&](SpecReader& in) {
            if (const double n = in.number("", field.min, field.max); n != std::floor(n))
                in.fail("", fmt::format("expected a whole number, got {}", n));
        });
    }
    void operator()(PresetText& (*)(Scenario&)) const { check_preset(field, value, data, file, at); }
    void operator()(ChoiceSlot) const {
        reader([&](SpecReader& in) { in.choice("", field.choices); });
    }

  private:
    template <class Read>
    void reader(Read read) const {
        const json holder{{"", value}};
        SpecReader in(holder, file, at);
        read(in);
    }
};

}  // namespace

void check_value(const std::string& path, const json& value, const DataFiles& data, const std::string& file,
                 const std::string& at) {
    if (const Field* field = find_field(path)) std::visit(Taker{*field, value, data, file, at}, field->slot);
}

}  // namespace isobath::sweep
