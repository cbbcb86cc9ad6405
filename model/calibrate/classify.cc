#include "model/calibrate/classify.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

constexpr const char* kFile = "scenarios/kernels/classes.json";

std::vector<std::string> read_texts(SpecReader& in, const std::string& key) {
    std::vector<std::string> out;
    if (!in.has(key)) return out;
    for (const nlohmann::json& text : in.raw(key)) {
        if (!text.is_string() || text.get<std::string>().empty()) in.fail(key, "expected texts");
        out.push_back(text.get<std::string>());
    }
    return out;
}

bool occurs(std::string_view name, const std::string& text) {
    return name.find(text) != name.npos;
}

bool is_integer_type(std::string_view type) {
    return type.find("::") == type.npos && (type.find("int") != type.npos || type.find("long") != type.npos);
}

/// The number at the end of "(unsigned int)7168u"; false where the argument is no whole number.
bool number_in(std::string_view argument, std::int64_t& number) {
    const std::size_t cast = argument.rfind(')');
    const std::size_t open = argument.find('(');
    if (cast != argument.npos) {  // an enumerator is written as a cast too, and is no size
        if (open == argument.npos || !is_integer_type(argument.substr(open + 1, cast - open - 1)))
            return false;
        argument.remove_prefix(cast + 1);
    }
    while (!argument.empty() && argument.front() == ' ') argument.remove_prefix(1);
    while (!argument.empty() && std::string_view("uUlL ").find(argument.back()) != std::string_view::npos)
        argument.remove_suffix(1);
    const auto [end, error] = std::from_chars(argument.data(), argument.data() + argument.size(), number);
    return error == std::errc{} && end == argument.data() + argument.size();
}

/// The outermost arguments between the first "<" and its ">".
std::vector<std::string_view> template_arguments(std::string_view name) {
    std::vector<std::string_view> out;
    const std::size_t open = name.find('<');
    if (open == name.npos) return out;
    int depth         = 0;
    std::size_t begin = open + 1;
    for (std::size_t i = open; i < name.size(); ++i) {
        const char c = name[i];
        if (c == '<' || c == '(') ++depth;
        if (c == '>' || c == ')') --depth;
        if ((c == ',' && depth == 1) || (depth == 0 && c == '>')) {
            out.push_back(name.substr(begin, i - begin));
            begin = i + 1;
        }
        if (depth == 0) break;
    }
    return out;
}

}  // namespace

std::vector<std::int64_t> template_numbers(std::string_view name) {
    std::vector<std::int64_t> out;
    for (const std::string_view argument : template_arguments(name))
        if (std::int64_t number = 0; number_in(argument, number)) out.push_back(number);
    return out;
}

Classifier::Classifier(const DataFiles& data) {
    const std::string shown = data.shown(kFile);
    const auto text         = data.find(kFile);
    if (!text) throw SpecError(shown + ": missing");
    const nlohmann::json json = parse_json(*text, shown);
    SpecReader in(json, shown);
    in.integer("schema", 1, 1);
    in.ignore("source");
    in.each("rules", [&](SpecReader& each) {
        Rule rule{
            each.text("library"), each.text("class"), read_texts(each, "all"), read_texts(each, "none"), {}};
        if (rule.all.empty()) each.fail("all", "expected at least one text");
        if (each.has("shape")) {
            SpecReader shape = each.object("shape");
            shape.each_key([&](const std::string& key) { rule.shape[key] = shape.integer(key, 0, 32); });
        }
        each.finish();
        rules_.push_back(std::move(rule));
    });
    in.finish();
}

KernelClass Classifier::classify(std::string_view name) const {
    const auto fits = [&](const Rule& rule) {
        const auto in_name = [&](const std::string& text) { return occurs(name, text); };
        return std::all_of(rule.all.begin(), rule.all.end(), in_name) &&
               std::none_of(rule.none.begin(), rule.none.end(), in_name);
    };
    const auto rule = std::find_if(rules_.begin(), rules_.end(), fits);
    if (rule == rules_.end()) return {};
    KernelClass out{rule->library, rule->kind, {}};
    if (rule->shape.empty()) return out;
    const auto numbers = template_numbers(name);
    for (const auto& [axis, index] : rule->shape)
        if (std::size_t(index) < numbers.size() && numbers[std::size_t(index)] > 0)
            out.shape[axis] = numbers[std::size_t(index)];
    return out;
}

}  // namespace isobath
