/// Each kind of mark as shapes inside the plot.
#pragma once

#include <string>
#include <vector>

#include "sim/plot/frame.h"

namespace isobath::plot {

/// What drawing needs to know and where it puts its shapes.
struct Stage {
    const Figure& figure;
    const Frame& frame;
    const std::vector<Entry>& names;
    const Theme& theme;
    std::vector<Shape>& out;

    Colour colour(const std::string& name) const { return categorical(colour_of(names, name), theme); }
    Point pixel(Point value) const {
        return {pixel_of(frame.x.map, value.x), pixel_of(frame.y.map, value.y)};
    }
    void add(Shape shape) const { out.push_back(std::move(shape)); }
};

void draw(const Line&, const Stage&);
void draw(const Scatter&, const Stage&);
void draw(const Band&, const Stage&);
void draw(const ErrorBars&, const Stage&);
void draw(const Rule&, const Stage&);
void draw(const Bars&, const Stage&);
void draw(const HeatMap&, const Stage&);
void draw(const Gantt&, const Stage&);

/// "name: x, y" with units or category names.
std::string tooltip_at(const Stage&, const std::string& name, Point value);

/// The name of category `value`, or the value with its unit.
std::string shown(const Axis&, double value);

}  // namespace isobath::plot
