#include "model/calibrate/trace_events.h"

#include <cmath>
#include <istream>
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"
#include "hw/text.h"

namespace isobath {
namespace {

constexpr std::size_t kMostNumbers = 64;  ///< of one list of dimensions

/// Where the reader stands: in the list of events, in an event, in its "args", and in a list there.
class EventReader final : public nlohmann::json_sax<nlohmann::json> {
  public:
    EventReader(std::string file, const std::function<void(TraceEvent&)>& take)
        : file_(std::move(file)), take_(take) {}

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t value) override { return number(double(value)); }
    bool number_unsigned(number_unsigned_t value) override { return number(double(value)); }
    bool number_float(number_float_t value, const string_t&) override { return number(value); }
    bool binary(binary_t&) override { return true; }

    bool string(string_t& value) override {
        if (in_event()) {
            if (key_ == "ph") event_.phase = value;
            if (key_ == "cat") event_.category = value;
            if (key_ == "name") event_.name = value;
        } else if (in_args_list() && args_key_ == "Input type" && event_.input_types.size() < kMostNumbers) {
            event_.input_types.push_back(value);
        }
        return true;
    }
    bool key(string_t& value) override {
        if (depth_ == 1 && !bare_) events_next_ = value == "traceEvents";
        if (in_event()) key_ = value;
        if (in_args()) args_key_ = value;
        return true;
    }
    bool start_object(std::size_t) override {
        ++depth_;
        if (events_depth_ > 0 && depth_ == events_depth_ + 1) event_ = {};
        return true;
    }
    bool end_object() override {
        if (events_depth_ > 0 && depth_ == events_depth_ + 1) take_(event_);
        --depth_;
        return true;
    }
    bool start_array(std::size_t) override {
        ++depth_;
        if (depth_ == 1) bare_ = true;
        if (events_depth_ == 0 && (depth_ == 1 || (depth_ == 2 && events_next_))) events_depth_ = depth_;
        if (in_args_list()) begin_list();
        if (in_dims() && event_.input_dims.size() < kMostNumbers) event_.input_dims.emplace_back();
        return true;
    }
    bool end_array() override {
        if (depth_ == events_depth_) events_depth_ = 0, events_next_ = false;
        --depth_;
        return true;
    }
    bool parse_error(std::size_t byte, const std::string& token,
                     const nlohmann::json::exception& e) override {
        std::string why      = e.what();
        const std::size_t at = why.rfind(": ");
        if (at != why.npos) why = why.substr(at + 2);
        throw SpecError(file_ + ": byte " + std::to_string(byte) + ": " + clipped(why, 120) + " near " +
                        clipped(token, 40));
    }

  private:
    // Depths from the list of events on: 1 the event, 2 "args", 3 a list there, 4 a list in that.
    int below() const { return events_depth_ > 0 ? depth_ - events_depth_ : 0; }
    bool in_event() const { return below() == 1; }
    bool in_args() const { return below() == 2 && key_ == "args"; }
    bool in_args_list() const { return below() == 3 && key_ == "args"; }
    bool in_dims() const { return below() == 4 && key_ == "args" && args_key_ == "Input Dims"; }

    void begin_list() {
        place_ = 0;
        if (args_key_ == "Input Dims") event_.input_dims.clear();
        if (args_key_ == "Input type") event_.input_types.clear();
    }

    bool number(double value) {
        if (in_event()) {
            if (key_ == "ts") event_.start_us = value;
            if (key_ == "dur") event_.duration_us = value;
        } else if (in_args()) {
            if (args_key_ == "stream") event_.stream = whole<int>(value);
            if (args_key_ == "External id") event_.external_id = whole<std::int64_t>(value);
            if (args_key_ == "graph node id") event_.graph_node = whole<std::int64_t>(value);
        } else if (in_args_list() && place_ < 3) {
            if (args_key_ == "grid") event_.grid[place_] = whole<int>(value);
            if (args_key_ == "block") event_.block[place_] = whole<int>(value);
            ++place_;
        } else if (in_dims() && !event_.input_dims.empty() &&
                   event_.input_dims.back().size() < kMostNumbers) {
            event_.input_dims.back().push_back(whole<std::int64_t>(value));
        }
        return true;
    }

    /// 0 for what such a number cannot be.
    template <class T>
    static T whole(double value) {
        return value >= 0 && value <= 2147483647 ? static_cast<T>(value) : 0;
    }

    std::string file_;
    const std::function<void(TraceEvent&)>& take_;
    TraceEvent event_;
    std::string key_, args_key_;
    int depth_ = 0, events_depth_ = 0;
    bool bare_ = false, events_next_ = false;
    std::size_t place_ = 0;
};

}  // namespace

void read_trace_events(std::istream& in, const std::string& file,
                       const std::function<void(TraceEvent&)>& take) {
    EventReader reader(file, take);
    nlohmann::json::sax_parse(in, &reader);
}

}  // namespace isobath
