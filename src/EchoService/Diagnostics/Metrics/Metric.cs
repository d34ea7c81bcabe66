namespace EchoService.Diagnostics.Metrics;

/// <summary>
/// A metric that is read when somebody collects, declared once for all who do: the scrape and whoever listens to the
/// meter (<c>Export/</c>). Each area of the service registers a list of its own.
/// </summary>
/// <param name="Kind">Counter or gauge.</param>
/// <param name="Name">By OpenTelemetry's rules, as <c>echo.connections.closed</c>.</param>
/// <param name="Unit">UCUM: <c>By</c>, <c>s</c>, or what is counted in braces; null for a number with no unit.</param>
/// <param name="Help">One sentence, with nothing in it that the text formats would escape.</param>
/// <param name="Labels">Names of the labels; none, for most.</param>
/// <param name="Series">All there ever are, so that each is there from the start.</param>
internal sealed record Metric(MetricKind Kind, string Name, string? Unit, string Help, string[] Labels, MetricSeries[] Series)
{
    /// <summary>The same name by Prometheus' rules: <c>echo_connections_closed_total</c>.</summary>
    public string PrometheusName => PrometheusNameOf(Name, Unit) + (Kind == MetricKind.Counter ? "_total" : "");

    /// <summary>A metric with no labels.</summary>
    public static Metric One(MetricKind kind, string name, string? unit, string help, Func<double> read) =>
        new(kind, name, unit, help, [], [new MetricSeries([], read)]);

    /// <summary>A name with its unit at the end, without what depends on the kind.</summary>
    public static string PrometheusNameOf(string name, string? unit) =>
        name.Replace('.', '_') + unit switch { "By" => "_bytes", "s" => "_seconds", _ => "" };
}
