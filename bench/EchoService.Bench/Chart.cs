using System.Globalization;
using System.Text;

namespace EchoService.Bench;

/// <summary>The two kinds of chart that the performance page shows, as plain SVG.</summary>
internal static class Chart
{
    private const int Width = 760;
    private const int LabelWidth = 190;
    private const int BarHeight = 20;
    private const int PlotHeight = 300;

    // Distinct for readers who do not tell red from green (Okabe and Ito's set).
    private static readonly string[] Colors = ["#0072b2", "#000000", "#009e73", "#d55e00", "#cc79a7", "#e69f00"];

    internal sealed record Bar(string Label, double Value, string Text, bool Highlighted);

    internal sealed record Point(double X, double Y);

    internal sealed record Line(string Label, IReadOnlyList<Point> Points);

    /// <summary>Groups of horizontal bars that share one scale from zero.</summary>
    public static string Bars(string title, IReadOnlyList<(string Heading, IReadOnlyList<Bar> Bars)> groups)
    {
        var most = groups.SelectMany(group => group.Bars).Max(bar => bar.Value);
        var body = new StringBuilder();
        var y = 48;
        foreach (var (heading, bars) in groups)
        {
            body.AppendLine(Svg($"<text x=\"16\" y=\"{y + 14}\" font-weight=\"bold\">{Escape(heading)}</text>"));
            y += BarHeight + 4;
            foreach (var bar in bars)
            {
                var length = bar.Value / most * (Width - LabelWidth - 90);
                body.AppendLine(Svg($"<text x=\"{LabelWidth - 8}\" y=\"{y + 14}\" text-anchor=\"end\">{Escape(bar.Label)}</text>"));
                body.AppendLine(Svg($"<rect x=\"{LabelWidth}\" y=\"{y + 2}\" width=\"{length:0.0}\" height=\"{BarHeight - 4}\" fill=\"{(bar.Highlighted ? Colors[0] : "#9aa5b1")}\"/>"));
                body.AppendLine(Svg($"<text x=\"{LabelWidth + length + 6:0.0}\" y=\"{y + 14}\">{Escape(bar.Text)}</text>"));
                y += BarHeight;
            }
            y += 14;
        }
        return Frame(title, y + 6, body);
    }

    /// <summary>Lines over logarithmic axes.</summary>
    public static string Lines(
        string title, string yTitle, IReadOnlyList<Line> lines, IReadOnlyList<(double X, string Label)> xTicks)
    {
        const int left = 70, top = 56, right = Width - 24, bottom = top + PlotHeight;
        var points = lines.SelectMany(line => line.Points).ToList();
        var (xLow, xHigh) = (Math.Log10(xTicks[0].X), Math.Log10(xTicks[^1].X));
        var (yLow, yHigh) = (Math.Log10(points.Min(point => point.Y) * 0.8), Math.Log10(points.Max(point => point.Y) * 1.2));
        double X(double value) => left + (Math.Log10(value) - xLow) / (xHigh - xLow) * (right - left);
        double Y(double value) => bottom - (Math.Log10(value) - yLow) / (yHigh - yLow) * (bottom - top);

        var body = new StringBuilder();
        foreach (var tick in YTicks(yLow, yHigh))
        {
            body.AppendLine(Svg($"<line x1=\"{left}\" x2=\"{right}\" y1=\"{Y(tick):0.0}\" y2=\"{Y(tick):0.0}\" stroke=\"#dde2e7\"/>"));
            body.AppendLine(Svg($"<text x=\"{left - 8}\" y=\"{Y(tick) + 4:0.0}\" text-anchor=\"end\">{tick:G}</text>"));
        }
        foreach (var (value, label) in xTicks)
        {
            body.AppendLine(Svg($"<text x=\"{X(value):0.0}\" y=\"{bottom + 20}\" text-anchor=\"middle\">{Escape(label)}</text>"));
        }

        body.AppendLine(Svg($"<text x=\"16\" y=\"46\" fill=\"#52606d\">{Escape(yTitle)}</text>"));
        for (var i = 0; i < lines.Count; i++)
        {
            var color = Colors[i % Colors.Length];
            var path = string.Join(' ', lines[i].Points.Select(point => Svg($"{X(point.X):0.0},{Y(point.Y):0.0}")));
            body.AppendLine(Svg($"<polyline points=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>"));
            foreach (var point in lines[i].Points)
            {
                body.AppendLine(Svg($"<circle cx=\"{X(point.X):0.0}\" cy=\"{Y(point.Y):0.0}\" r=\"3\" fill=\"{color}\"/>"));
            }

            var legendX = left + i * 180;
            body.AppendLine(Svg($"<rect x=\"{legendX}\" y=\"{bottom + 36}\" width=\"12\" height=\"12\" fill=\"{color}\"/>"));
            body.AppendLine(Svg($"<text x=\"{legendX + 18}\" y=\"{bottom + 46}\">{Escape(lines[i].Label)}</text>"));
        }
        return Frame(title, bottom + 64, body);
    }

    private static IEnumerable<double> YTicks(double low, double high)
    {
        for (var decade = Math.Floor(low); decade <= high; decade++)
        {
            foreach (var step in new[] { 1, 2, 5 })
            {
                var tick = step * Math.Pow(10, decade);
                if (Math.Log10(tick) >= low && Math.Log10(tick) <= high)
                {
                    yield return tick;
                }
            }
        }
    }

    private static string Frame(string title, int height, StringBuilder body) => Svg($"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" role="img" font-family="system-ui, sans-serif" font-size="13" fill="#1f2933">
        <title>{Escape(title)}</title>
        <rect width="100%" height="100%" rx="6" fill="#ffffff"/>
        <text x="16" y="26" font-size="15" font-weight="bold">{Escape(title)}</text>
        {body}</svg>

        """);

    private static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal);

    private static string Svg(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
