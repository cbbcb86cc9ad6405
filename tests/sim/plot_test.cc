#include <cmath>
#include <limits>

#include "sim/plot/lettering.h"
#include "sim/plot/si.h"
#include "sim/plot/svg.h"
#include "sim/plot/ticks.h"
#include "tests/catch.h"
#include "tests/sim/plot_samples.h"

using namespace isobath::plot;

namespace {

std::vector<std::string> labels(const Ticks& ticks) {
    std::vector<std::string> out;
    for (const Tick& tick : ticks.ticks)
        if (!tick.label.empty()) out.push_back(tick.label);
    return out;
}

using Words = std::vector<std::string>;

Box hull(const std::vector<Point>& points) {
    Box box{points.at(0).x, points[0].y, 0, 0};
    double right = box.x, bottom = box.y;
    for (const Point& p : points) {
        box.x = std::min(box.x, p.x), box.y = std::min(box.y, p.y);
        right = std::max(right, p.x), bottom = std::max(bottom, p.y);
    }
    return {box.x, box.y, right - box.x, bottom - box.y};
}

struct BoundsOf {
    Box operator()(const Rect& r) const { return r.box; }
    Box operator()(const Segment& s) const { return hull({s.from, s.to}); }
    Box operator()(const Polyline& p) const { return hull(p.points); }
    Box operator()(const Dot& d) const {
        return {d.centre.x - d.radius, d.centre.y - d.radius, 2 * d.radius, 2 * d.radius};
    }
    Box operator()(const Text& t) const { return bounds(t); }
};

bool within(const Box& box, Size size) {
    return box.x >= -0.01 && box.y >= -0.01 && box.right() <= size.width + 0.01 &&
           box.bottom() <= size.height + 0.01;
}

bool meet(const Box& a, const Box& b) {
    return a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom();
}

/// Texts that stand level: boxes of turned ones overlap though their letters do not.
std::vector<Text> level_texts(const DisplayList& list) {
    std::vector<Text> out;
    for (const Shape& shape : list.shapes)
        if (const Text* text = std::get_if<Text>(&shape.form))
            if (text->turn == 0) out.push_back(*text);
    return out;
}

void check_layout(const Figure& figure, Size size) {
    const DisplayList list = layout(figure, size, light_theme());
    for (const Shape& shape : list.shapes) {
        const Box box = std::visit(BoundsOf{}, shape.form);
        if (!within(box, list.size)) {
            const Text* text = std::get_if<Text>(&shape.form);
            FAIL_CHECK(figure.title.substr(0, 30)
                       << ": shape " << shape.form.index() << (text ? text->text : "")
                       << " leaves the canvas of " << size.width << "x" << size.height << " at " << box.x
                       << "," << box.y << " + " << box.width << "x" << box.height);
        }
    }
    const auto texts = level_texts(list);
    for (std::size_t i = 0; i < texts.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (meet(bounds(texts[i]), bounds(texts[j])))
                FAIL_CHECK(figure.title.substr(0, 30)
                           << " at " << size.width << "x" << size.height << ": \"" << texts[j].text
                           << "\" and \"" << texts[i].text << "\" overlap");
}

Figure hostile() {
    const std::string bad = "a<b>&\"c'\x01\xff" + std::string(300, 'W');
    Figure figure{.title    = bad,
                  .subtitle = bad,
                  .x        = {.label = bad, .unit = bad},
                  .y        = {.label = bad, .unit = bad},
                  .marks    = {}};
    const double inf = std::numeric_limits<double>::infinity();
    for (int i = 0; i < 30; ++i)
        figure.marks.push_back(Line{.name    = bad + std::to_string(i),
                                    .points  = {{0, 1e308}, {NAN, 1}, {1, -1e308}, {inf, 2}, {2, 5e-324}},
                                    .markers = true});
    return figure;
}

}  // namespace

TEST_CASE("plot: a step is the smallest of 1, 2, 2.5, 5 times a power of ten with few enough ticks",
          "[sim][plot]") {
    CHECK(nice_step(10, 6) == Approx(2));       // 10 / 5 steps = 2
    CHECK(nice_step(10, 5) == Approx(2.5));     // 10 / 4 = 2.5
    CHECK(nice_step(10.1, 5) == Approx(5));     // 2.525 -> 5
    CHECK(nice_step(7e-6, 8) == Approx(1e-6));  // 1e-6
    CHECK(nice_step(9000, 2) == Approx(10000));
}

TEST_CASE("plot: a time axis shows one prefix, named in its unit", "[sim][plot]") {
    // 0 to 361 us, at most 5 ticks: 361 / 4 = 90.25 -> 100 us; the axis widens to 400 us.
    const Ticks ticks = choose_ticks({.low = 0, .high = 361e-6, .widen_high = true, .most = 5, .unit = "s"});
    CHECK(labels(ticks) == Words{"0", "100", "200", "300", "400"});
    CHECK(ticks.unit == "us");
    CHECK(ticks.high == Approx(400e-6));
}

TEST_CASE("plot: a rate that takes no prefix carries the letter at its numbers", "[sim][plot]") {
    const Ticks ticks = choose_ticks({.low = 0, .high = 20000, .most = 5, .unit = "token/s"});
    CHECK(labels(ticks) == Words{"0", "5k", "10k", "15k", "20k"});
    CHECK(ticks.unit == "token/s");
}

TEST_CASE("plot: log ticks thin from 1-2-5 to decades, and carry units where one prefix would not do",
          "[sim][plot]") {
    CHECK(labels(choose_ticks({.scale = Scale::log, .low = 1, .high = 100, .most = 8, .unit = ""})) ==
          Words{"1", "2", "5", "10", "20", "50", "100"});
    CHECK(labels(choose_ticks({.scale = Scale::log, .low = 1, .high = 100, .most = 6, .unit = ""})) ==
          Words{"1", "3", "10", "30", "100"});
    CHECK(labels(choose_ticks({.scale = Scale::log, .low = 1e-6, .high = 1e-2, .most = 5, .unit = "s"})) ==
          Words{"1 us", "10 us", "100 us", "1 ms", "10 ms"});
    // Within a factor of two there is no second 1-2-5 tick: linear ones serve.
    CHECK(labels(choose_ticks({.scale = Scale::log, .low = 11, .high = 19, .most = 5, .unit = ""})) ==
          Words{"12", "14", "16", "18"});
}

TEST_CASE("plot: a log2 axis has its ticks on powers of two", "[sim][plot]") {
    CHECK(labels(choose_ticks({.scale = Scale::log2, .low = 0.9, .high = 300, .most = 9, .unit = ""})) ==
          Words{"1", "2", "4", "8", "16", "32", "64", "128", "256"});
    CHECK(labels(choose_ticks({.scale = Scale::log2, .low = 0.9, .high = 300, .most = 5, .unit = ""})) ==
          Words{"1", "4", "16", "64", "256"});
}

TEST_CASE("plot: numbers are written with a fitting prefix", "[sim][plot]") {
    CHECK(with_unit(12.5e-6, "s") == "12.5 us");
    CHECK(with_unit(1e-6, "s") == "1 us");
    CHECK(with_unit(3600, "s") == "3600 s");
    CHECK(with_unit(4.8e12, "B/s") == "4.8 TB/s");
    CHECK(with_unit(2500, "token/s") == "2500 token/s");
    CHECK(with_unit(-0., "") == "0");
}

TEST_CASE("plot: markup is escaped, and bytes that XML cannot carry are spelled out", "[sim][plot]") {
    CHECK(xml_escaped("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
    CHECK(xml_escaped(std::string("x\x01\x00y", 4)) == "x\\x01\\x00y");
    CHECK(xml_escaped("\xff\xc3") == "\\xff\\xc3");                            // no UTF-8
    CHECK(xml_escaped("\xed\xa0\x80") == "\\xed\\xa0\\x80");                   // a surrogate
    CHECK(xml_escaped("\xc0\x80") == "\\xc0\\x80");                            // an overlong zero
    CHECK(xml_escaped("\xc2\xb5s \xe2\x89\xa4") == "\xc2\xb5s \xe2\x89\xa4");  // micro sign, less-or-equal
}

TEST_CASE("plot: a text is cut to its room and says so", "[sim][plot]") {
    // Digits are 0.636 em and a point 0.318: ten digits at size 10 take 63.6 pixels; 40 leave 30.46 for four
    // digits.
    CHECK(text_width("0123456789", 10) == Approx(63.6));
    CHECK(ellipsized("0123456789", 64, 10) == "0123456789");
    CHECK(ellipsized("0123456789", 40, 10) == "0123...");
    CHECK(ellipsized("0123456789", 5, 10).empty());
}

TEST_CASE("plot: nothing leaves the canvas and no two texts overlap", "[sim][plot]") {
    for (const Size size : {Size{900, 600}, Size{720, 420}, Size{480, 320}, Size{320, 240}})
        for (const auto& [name, figure] : samples()) check_layout(figure, size);
    for (const auto& [name, figure] : samples()) check_layout(figure, natural_size(figure));
}

TEST_CASE("plot: names without end and numbers without sense stay on the canvas", "[sim][plot]") {
    check_layout(hostile(), {720, 420});
    check_layout(Figure{}, {720, 420});
    check_layout(Figure{}, {0, 0});
    Figure log  = hostile();
    log.x.scale = log.y.scale = Scale::log;
    check_layout(log, {720, 420});
}

TEST_CASE("plot: sixty names along an axis are turned and thinned until they fit", "[sim][plot]") {
    Figure figure = sample_bars(true);
    figure.x.categories.clear();
    for (int i = 0; i < 60; ++i)
        figure.x.categories.push_back("a scenario with a long name, number " + std::to_string(i));
    check_layout(figure, {720, 420});
    std::size_t turned = 0;
    for (const Shape& shape : layout(figure, {720, 420}, light_theme()).shapes)
        if (const Text* text = std::get_if<Text>(&shape.form))
            turned += text->turn == 45 && text->text.starts_with("a scenario");
    // About 590 pixels for 60 names; lines 17 pixels apart at 45 degrees need 24 pixels along the axis: every
    // third.
    CHECK(turned == 20);
}

TEST_CASE("plot: a hundred thousand intervals become at most one box a pixel and row", "[sim][plot]") {
    Gantt gantt{{"a", "b"}, {"x", "y"}, {}};
    for (std::size_t i = 0; i < 100'000; ++i) {
        const double begin = 1e-6 * double(i / 2);
        gantt.intervals.push_back({i % 2, i % 3 % 2, begin, begin + 0.9e-6, "label", ""});
    }
    const Figure figure{.title = "", .x = {.label = "Time", .unit = "s"}, .y = {}, .marks = {gantt}};
    const DisplayList list = layout(figure, {900, 300}, light_theme());
    CHECK(list.shapes.size() < 2 * 900 + 100);
    check_layout(figure, {900, 300});
}

TEST_CASE("plot: a map of 61 layers by 320 experts stays below half a megabyte", "[sim][plot]") {
    CHECK(to_svg(sample_heat(61, 320)).size() < 500'000);
    check_layout(sample_heat(61, 320), natural_size(sample_heat(61, 320)));
}

TEST_CASE("plot: a million points are drawn with at most four a pixel", "[sim][plot]") {
    Line line{.name = ""};
    for (int i = 0; i < 1'000'000; ++i) line.points.push_back({double(i), std::sin(i * 0.37)});
    const DisplayList list = layout({.x = {}, .y = {}, .marks = {line}}, {720, 420}, light_theme());
    for (const Shape& shape : list.shapes)
        if (const auto* drawn = std::get_if<Polyline>(&shape.form)) CHECK(drawn->points.size() <= 4 * 720);
}

TEST_CASE("plot: marks of one name share a colour and one legend entry", "[sim][plot]") {
    const DisplayList list = layout(sample_lines(), {720, 420}, light_theme());
    std::size_t entries = 0, in_first_hue = 0;
    for (const Shape& shape : list.shapes) {
        if (const Text* text = std::get_if<Text>(&shape.form)) entries += text->text == "decode step";
        if (const Polyline* line = std::get_if<Polyline>(&shape.form))
            in_first_hue += hex(line->colour) == hex(categorical(0, light_theme()));
    }
    CHECK(entries == 1);
    CHECK(in_first_hue == 2);  // the line and its band; the roofline has the next hue
}

TEST_CASE("plot: axis maps lead back from the pixel to the value", "[sim][plot]") {
    for (const Scale scale : {Scale::linear, Scale::log, Scale::log2}) {
        const AxisMap map{scale, 2, 500, 40, 700};
        CHECK(value_at(map, pixel_of(map, 37)) == Approx(37));
        CHECK(pixel_of(map, 2) == Approx(40));
    }
}

TEST_CASE("plot: text can be read on its ground, and every hue stands out from it", "[sim][plot]") {
    // WCAG 2.1 asks 4.5 for text and 3 for graphics; the warm hues of Okabe and Ito reach 2.2 on white, where
    // markers of different form and fills of some size make up for it.
    for (const Theme& theme : {light_theme(), dark_theme()}) {
        CHECK(contrast(theme.ink, theme.background) > 7);
        CHECK(contrast(theme.muted, theme.background) > 4.5);
        for (std::size_t i = 0; i < 28; ++i) CHECK(contrast(categorical(i, theme), theme.background) > 2.1);
    }
    for (double t = 0; t <= 1; t += 0.01) CHECK(contrast(readable_on(sequential(t)), sequential(t)) > 4.5);
}
