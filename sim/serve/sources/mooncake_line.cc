#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "sim/serve/sources/length_law.h"
#include "sim/serve/sources/trace_format.h"

namespace isobath {
namespace {

using Json = nlohmann::json;

/// Takes what it knows from one object as it is parsed; no tree is built.
class MooncakeObject final : public nlohmann::json_sax<Json> {
  public:
    explicit MooncakeObject(std::vector<std::uint64_t>& ids) : ids_(ids) {}

    std::optional<double> timestamp, input_length, output_length;
    bool ids_are_whole = true;

    bool null() override { return other(); }
    bool boolean(bool) override { return other(); }
    bool string(string_t&) override { return other(); }
    bool binary(binary_t&) override { return other(); }
    bool number_integer(number_integer_t v) override {
        return number(static_cast<double>(v), static_cast<std::uint64_t>(v));
    }
    bool number_unsigned(number_unsigned_t v) override { return number(static_cast<double>(v), v); }
    bool number_float(number_float_t v, const string_t&) override {
        if (in_ids()) ids_are_whole = false;
        return number(v, 0);
    }
    bool start_object(std::size_t) override { return other() && deeper(); }
    bool end_object() override { return --depth_, true; }
    bool start_array(std::size_t) override { return deeper(); }
    bool end_array() override { return --depth_, true; }
    bool key(string_t& name) override {
        if (depth_ == 1)
            key_ = name == "timestamp"       ? Key::timestamp
                   : name == "input_length"  ? Key::input
                   : name == "output_length" ? Key::output
                   : name == "hash_ids"      ? Key::ids
                                             : Key::other;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

  private:
    enum class Key : std::uint8_t { timestamp, input, output, ids, other };

    bool in_ids() const { return key_ == Key::ids && depth_ >= 1; }
    bool other() {
        if (in_ids()) ids_are_whole = false;
        return true;
    }
    bool deeper() {
        if (in_ids() && depth_ > 1) ids_are_whole = false;
        return ++depth_ < 64;
    }
    bool number(double value, std::uint64_t id) {
        if (depth_ == 1 && key_ == Key::timestamp) timestamp = value;
        if (depth_ == 1 && key_ == Key::input) input_length = value;
        if (depth_ == 1 && key_ == Key::output) output_length = value;
        if (in_ids() && depth_ == 1) ids_are_whole = false;
        if (in_ids() && depth_ == 2) ids_.push_back(id);
        return true;
    }

    std::vector<std::uint64_t>& ids_;
    Key key_   = Key::other;
    int depth_ = 0;
};

bool to_tokens(const std::optional<double>& value, std::int32_t& out) {
    if (!value || !(*value >= 1 && *value <= kMostTokens) || *value != std::floor(*value)) return false;
    out = static_cast<std::int32_t>(*value);
    return true;
}

}  // namespace

TraceFault parse_mooncake(std::string_view line, TraceRow& row) {
    MooncakeObject object(row.ids);
    if (!Json::sax_parse(line.begin(), line.end(), &object)) return {"line", "one whole JSON object", line};
    if (!object.timestamp || !(*object.timestamp >= 0 && *object.timestamp <= 9e12))
        return {"timestamp", "milliseconds from 0 to 9e12", line};
    row.arrival = std::llround(*object.timestamp * 1e6);
    if (!to_tokens(object.input_length, row.prompt)) return trace_faults::prompt(line);
    if (!to_tokens(object.output_length, row.answer)) return trace_faults::answer(line);
    if (!object.ids_are_whole) return {"hash_ids", "a list of whole numbers", line};
    return {};
}

}  // namespace isobath
