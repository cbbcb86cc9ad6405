// The shape of a merged sweep: what SQL asks for by name.
#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "sim/sweep/database.h"
#include "sim/sweep/merge.h"

namespace isobath::sweep {
namespace {

const char* type_of(const Axis& axis) {
    if (!axis.texts.empty()) return "TEXT";
    const bool whole = std::all_of(axis.numbers.begin(), axis.numbers.end(),
                                   [](double n) { return n == std::floor(n) && std::abs(n) < 0x1p53; });
    return whole ? "INTEGER" : "REAL";
}

const char* type_of(ColumnType type) {
    switch (type) {
        case ColumnType::number: return "REAL";
        case ColumnType::integer: return "INTEGER";
        case ColumnType::boolean: return "BOOLEAN";
        case ColumnType::text: return "TEXT";
    }
    return "";
}

std::string describe(const std::string& name, const char* role, const std::string& path, const char* type,
                     const std::string& meaning) {
    return fmt::format("INSERT INTO columns VALUES({},'{}',{},'{}',{});\n", sql_text(name), role,
                       sql_text(path), type, sql_text(meaning));
}

std::string help_of(const std::string& path) {
    const Field* field = find_field(path);
    return field ? std::string(field->help) : "";
}

std::string named(const std::string& pointer) {
    return sql_name(dotted(pointer));
}

/// The column that says whether a point fits in memory, where it is kept.
std::string fitting(const Sweep& sweep) {
    for (const Column& c : sweep.columns)
        if (c.pointer.ends_with("/fits")) return named(c.pointer);
    return "1";
}

/// The columns of the view `results`, quoted.
std::vector<std::string> all_names(const Sweep& sweep) {
    std::vector<std::string> out{"point", "id"};
    for (const std::string& name : axis_names(sweep)) out.push_back(sql_name(name));
    for (const std::string& name : result_names(sweep)) out.push_back(sql_name(name));
    return out;
}

std::string listed(const std::vector<std::string>& names) {
    return fmt::format("{}", fmt::join(names, ","));
}

/// Points that may be on the front: those of the index "front", by these very words.
std::string eligible(const Sweep& sweep) {
    return "excluded IS NULL AND " + fitting(sweep);
}

bool has_front(const Sweep& sweep) {
    return !sweep.goals.least.empty() && !sweep.goals.most.empty();
}

/// Sorted by what should be little, a point is on the front if it has more of the other than all before it.
/// The front is found in the index alone.
std::string pareto(const Sweep& sweep) {
    const std::string least = named(sweep.goals.least), most = named(sweep.goals.most);
    return fmt::format(
        "CREATE VIEW pareto AS SELECT {0} FROM results WHERE point IN (SELECT point FROM (SELECT point, {1}, "
        "{2}, "
        "max({2}) OVER (ORDER BY {1}, {2} DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS "
        "before FROM points WHERE {3} AND {1} IS NOT NULL AND {2} IS NOT NULL) WHERE before IS NULL OR {2} > "
        "before) ORDER BY {1};\n",
        listed(all_names(sweep)), least, most, eligible(sweep));
}

/// SQLite takes the other columns from the row that holds the extreme.
std::string best_by(const Sweep& sweep, const std::string& axis) {
    const bool most                = !sweep.goals.most.empty();
    const std::string goal         = named(most ? sweep.goals.most : sweep.goals.least);
    std::vector<std::string> names = all_names(sweep);
    for (std::string& name : names)
        if (name == goal) name = fmt::format("{}({}) AS {}", most ? "max" : "min", goal, goal);
    return fmt::format("CREATE VIEW {} AS SELECT {} FROM results WHERE {} GROUP BY {};\n",
                       sql_name("best by " + axis), listed(names), fitting(sweep), sql_name(axis));
}

}  // namespace

std::vector<std::string> axis_names(const Sweep& sweep) {
    std::vector<std::string> out;
    for (const Dimension& d : sweep.dimensions)
        for (const Axis& a : d.axes) out.push_back(dotted(a.path));
    return out;
}

std::vector<std::string> result_names(const Sweep& sweep) {
    std::vector<std::string> out;
    for (const Column& c : sweep.columns) out.push_back(dotted(c.pointer));
    return out;
}

std::string tables_of(const Sweep& sweep) {
    std::string points = "CREATE TABLE points(point INTEGER PRIMARY KEY, id INTEGER", rows;
    for (const Dimension& d : sweep.dimensions)
        for (const Axis& a : d.axes) {
            points += fmt::format(", {} {}", named(a.path), type_of(a));
            rows += describe(dotted(a.path), "axis", a.path, type_of(a), help_of(a.path));
        }
    for (const Column& c : sweep.columns) {
        points += fmt::format(", {} {}", named(c.pointer), type_of(c.type));
        rows += describe(dotted(c.pointer), "result", c.pointer, type_of(c.type), c.meaning);
    }
    return points +
           ", excluded TEXT);\n"
           "CREATE TABLE columns(name TEXT, role TEXT, path TEXT, type TEXT, meaning TEXT);\n"
           "CREATE TABLE provenance(key TEXT, value TEXT);\n" +
           rows;
}

std::string indexes_of(const Sweep& sweep) {
    std::string out;
    std::vector<std::string> names;
    for (const Dimension& d : sweep.dimensions)
        for (const Axis& a : d.axes)
            if (a.size() > 1) names.push_back(dotted(a.path));
    for (const std::string& goal : {sweep.goals.least, sweep.goals.most})
        if (!goal.empty()) names.push_back(dotted(goal));
    for (const std::string& name : names)
        out += fmt::format("CREATE INDEX {} ON points({});\n", sql_name("by " + name), sql_name(name));
    if (has_front(sweep))
        out += fmt::format("CREATE INDEX front ON points({}, {} DESC, {}excluded) WHERE {};\n",
                           named(sweep.goals.least), named(sweep.goals.most),
                           fitting(sweep) == "1" ? "" : fitting(sweep) + ", ", eligible(sweep));
    return out;
}

std::string views_of(const Sweep& sweep) {
    std::string out = fmt::format(
        "CREATE VIEW results AS SELECT {} FROM points WHERE excluded IS NULL;\n"
        "CREATE VIEW reasons AS SELECT excluded AS reason, count(*) AS points FROM points WHERE excluded IS "
        "NOT NULL GROUP BY excluded ORDER BY points DESC, reason;\n",
        listed(all_names(sweep)));
    if (has_front(sweep)) out += pareto(sweep);
    if (!sweep.goals.least.empty() || !sweep.goals.most.empty())
        for (const std::string& axis : axis_names(sweep)) out += best_by(sweep, axis);
    return out;
}

}  // namespace isobath::sweep
