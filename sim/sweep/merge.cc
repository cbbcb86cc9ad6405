#include "sim/sweep/merge.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include "hw/text.h"
#include "sim/sweep/database.h"
#include "sim/sweep/runner.h"
#include "sim/sweep/space.h"
#include "sim/sweep/version.h"

namespace isobath::sweep {
namespace {

namespace fs = std::filesystem;

/// One axis as its column takes it: words without their quotes.
struct AxisColumn {
    const Axis* axis;
    std::size_t dimension;
    std::vector<std::string> words;
};

std::vector<AxisColumn> axis_columns(const Sweep& sweep) {
    std::vector<AxisColumn> out;
    for (std::size_t d = 0; d < sweep.dimensions.size(); ++d)
        for (const Axis& axis : sweep.dimensions[d].axes) {
            out.push_back({&axis, d, {}});
            for (const std::string& text : axis.texts) {
                const auto value = nlohmann::json::parse(text);
                out.back().words.push_back(value.is_string() ? value.get<std::string>() : text);
            }
        }
    return out;
}

/// Fills the rows of `points`.
class Filler {
  public:
    Filler(const Sweep& sweep, const Space& space, const Results& results, NewDatabase& database)
        : sweep_(sweep),
          space_(space),
          results_(results),
          axes_(axis_columns(sweep)),
          insert_(database.prepare(insertion())) {}

    void fill(Tally& tally) {
        for (std::size_t point = 0; point < space_.points(); ++point) {
            const std::uint64_t id = space_.id_of(point);
            if (!results_.find(id, record_)) continue;
            insert(point, id);
            if (!record_.possible) ++tally.reasons[record_.reason];
            ++(record_.possible ? tally.done : tally.excluded);
        }
        tally.points  = space_.points();
        tally.missing = tally.points - tally.done - tally.excluded;
    }

  private:
    std::string insertion() const {
        std::string places = "?";
        for (std::size_t i = 1; i < 3 + axes_.size() + sweep_.columns.size(); ++i) places += ",?";
        return "INSERT INTO points VALUES(" + places + ")";
    }

    void insert(std::size_t point, std::uint64_t id) {
        place_ = 0;
        insert_.bind(++place_, static_cast<std::int64_t>(point));
        insert_.bind(++place_, static_cast<std::int64_t>(id));
        for (const AxisColumn& a : axes_) bind(a, space_.row_of(point, a.dimension));
        for (std::size_t i = 0; i < sweep_.columns.size(); ++i)
            record_.possible ? bind(record_.cells[i]) : insert_.bind_null(++place_);
        record_.possible ? insert_.bind_null(++place_)
                         : insert_.bind(++place_, std::string_view(record_.reason));
        insert_.run();
    }

    void bind(const AxisColumn& a, std::size_t row) {
        if (a.words.empty())
            insert_.bind(++place_, a.axis->numbers[row]);
        else
            insert_.bind(++place_, std::string_view(a.words[row]));
    }

    void bind(const Cell& cell) {
        switch (cell.kind) {
            case Cell::Kind::null: return insert_.bind_null(++place_);
            case Cell::Kind::number: return insert_.bind(++place_, cell.number);
            case Cell::Kind::boolean: return insert_.bind(++place_, std::int64_t(cell.number));
            case Cell::Kind::text: return insert_.bind(++place_, std::string_view(cell.text));
        }
    }

    const Sweep& sweep_;
    const Space& space_;
    const Results& results_;
    std::vector<AxisColumn> axes_;
    Statement insert_;
    Record record_;
    int place_ = 0;
};

void add_provenance(const Sweep& sweep, const Tally& tally, NewDatabase& database) {
    Statement insert = database.prepare("INSERT INTO provenance VALUES(?,?)");
    const auto add   = [&](std::string_view key, std::string_view value) {
        insert.bind(1, key);
        insert.bind(2, value);
        insert.run();
    };
    add("isobath", version());
    add("name", sweep.name);
    add("run", sweep.runner->name);
    add("sweep", sweep.text);
    add("scenario", sweep.scenario_text);
    add("scenario file", sweep.scenario_shown);
    for (const Override& o : sweep.asked) add("set", o.path + "=" + o.value);
    add("points", std::to_string(tally.points));
    add("excluded", std::to_string(tally.excluded));
    add("missing", std::to_string(tally.missing));
}

bool holds_all(const Space& space, const Results& results) {
    for (std::size_t point = 0; point < space.points(); ++point)
        if (!results.has(space.id_of(point))) return false;
    return true;
}

/// Takes an unfinished file away.
struct Neighbour {
    std::string path;
    ~Neighbour() {
        std::error_code none;
        fs::remove(path, none);
    }
};

}  // namespace

Tally merge(const Sweep& sweep, const Space& space, const std::vector<fs::path>& folders,
            const std::string& file, bool partial) {
    const Results results(folders, sweep.columns.size());
    if (!partial && !holds_all(space, results)) return tally(space, results);
    const Neighbour part{fmt::format("{}.{}.part", file, getpid())};
    Tally out;
    {
        NewDatabase database(part.path);
        database.execute(tables_of(sweep) + "BEGIN;");
        Filler(sweep, space, results, database).fill(out);
        add_provenance(sweep, out, database);
        database.execute("COMMIT; BEGIN;" + indexes_of(sweep) + views_of(sweep) + "COMMIT;");
    }
    std::error_code error;
    fs::rename(part.path, file, error);
    if (error) throw SpecError(clipped(file, 400) + ": cannot write");
    return out;
}

}  // namespace isobath::sweep
