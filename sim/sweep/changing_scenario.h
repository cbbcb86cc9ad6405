/// A scenario that goes from point to point: read anew where it must be, changed in place where it may.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario_fields.h"
#include "sim/sweep/runner.h"

namespace isobath::sweep {

/// Fields that a resolved scenario of one step takes in place.
Reach reach_of_step_field(std::string_view path);

/// What went on between two points.
enum class Moved : std::uint8_t { read, laid_out, loaded };

class ChangingScenario {
  public:
    ChangingScenario(const Sweep& sweep, const Space& space, const DataFiles& data);

    /// Brings the scenario to this point. Null, or why it cannot be: what load_scenario() would say.
    const std::string* go_to(const Place& place);

    const Scenario& scenario() const { return *scenario_; }
    /// What the last go_to() that returned null had to do, failures before it counted in.
    Moved moved() const { return moved_; }

  private:
    /// A field of one dimension, its values as numbers: choices by their place.
    struct Slider {
        std::size_t dimension;
        const Field* field;
        std::vector<double> values;
    };
    /// The largest workload that was found to be countable in this layout.
    struct Checked {
        double batch = 0, context = 0, isl = 0;
    };

    void add_sliders(const Sweep& sweep);
    void slide(const std::vector<Slider>& sliders, const Place& place);
    bool read(const Place& place);
    bool lay_out(const Place& place);
    bool check_load(const Place& place);
    bool passes(const Place& place, const Checked& workload);

    const Sweep& sweep_;
    const Space& space_;
    const DataFiles& data_;
    std::vector<Slider> layout_, load_;
    std::optional<Scenario> scenario_;
    std::size_t model_ = ~std::size_t{0}, at_layout_ = ~std::size_t{0};
    bool layout_possible_ = false;
    Checked checked_;
    Moved moved_ = Moved::read, pending_ = Moved::read;
    std::string reason_;
};

}  // namespace isobath::sweep
