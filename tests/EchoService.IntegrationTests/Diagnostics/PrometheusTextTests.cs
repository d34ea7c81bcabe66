using System.Diagnostics.Metrics;
using System.Text;
using EchoService.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace EchoService.IntegrationTests.Diagnostics;

public sealed class PrometheusTextTests
{
    [Fact]
    public async Task CounterIsNamedByFamilyInOpenMetricsAndBySampleInTheOlderFormat()
    {
        static void Make(Meter meter) => meter.CreateCounter<long>("test.received", "By", "Bytes received.").Add(1024);

        (await WriteAsync(Make, openMetrics: false)).ShouldBe(
            """
            # HELP test_received_bytes_total Bytes received.
            # TYPE test_received_bytes_total counter
            test_received_bytes_total 1024

            """);
        (await WriteAsync(Make, openMetrics: true)).ShouldMatch(
            """
            ^# HELP test_received_bytes Bytes received\.
            # TYPE test_received_bytes counter
            # UNIT test_received_bytes bytes
            test_received_bytes_total 1024
            test_received_bytes_created \d{10}(\.\d{1,3})?
            # EOF
            $
            """.ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData("a\\b", "a\\\\b")]
    [InlineData("a\"b", "a\\\"b")]
    [InlineData("a\nb", "a\\nb")]
    [InlineData("\\n", "\\\\n")]
    [InlineData("}{,=", "}{,=")]
    [InlineData("héllo ☃", "héllo ☃")]
    public async Task LabelValuesAreEscaped(string value, string written)
    {
        var text = await WriteAsync(meter => meter.CreateCounter<long>("test").Add(1, new KeyValuePair<string, object?>("label.name", value)));
        text.ShouldBe($"# TYPE test_total counter\ntest_total{{label_name=\"{written}\"}} 1\n");
    }

    [Theory]
    [InlineData(false, "# HELP test_total One \\\\ two\\n\"three\"\n")]
    [InlineData(true, "# HELP test One \\\\ two\\n\\\"three\\\"\n")]
    public async Task HelpIsEscaped(bool openMetrics, string written)
    {
        var text = await WriteAsync(meter => meter.CreateCounter<long>("test", null, "One \\ two\n\"three\"").Add(1), openMetrics);
        text.ShouldStartWith(written);
    }

    [Fact]
    public async Task LabelsOfEveryKindOfValueAreWritten()
    {
        var text = await WriteAsync(meter => meter.CreateCounter<long>("test").Add(
            1, new("absent", null), new("flag", true), new("9number", 1.5), new("port", 8080)));
        text.ShouldContain("test_total{_9number=\"1.5\",flag=\"true\",port=\"8080\"} 1\n");
    }

    [Theory]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(0.1, "0.1")]
    [InlineData(-1e300, "-1E+300")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157E+308")]
    public async Task ValuesSurvive(double value, string written) =>
        (await WriteAsync(meter => meter.CreateObservableGauge("test", () => value))).ShouldBe($"# TYPE test gauge\ntest {written}\n");

    [Fact]
    public async Task LargestCountSurvives() =>
        (await WriteAsync(meter => meter.CreateObservableCounter("test", () => long.MaxValue))).ShouldContain("test_total 9223372036854775807\n");

    [Fact]
    public async Task HistogramBucketsAddUpAndEndWithInfinity()
    {
        static void Make(Meter meter)
        {
            var histogram = meter.CreateHistogram("test.time", "s", "Time.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.000_005, 0.1, 1, 60] });
            foreach (var value in new[] { 0.000_001, 0.1, 0.5, 0.75, 100 })
            {
                histogram.Record(value, new KeyValuePair<string, object?>("route", "/b"));
            }

            histogram.Record(2, new KeyValuePair<string, object?>("route", "/a"));
        }

        var text = await WriteAsync(Make, openMetrics: true);
        text.ShouldMatch(
            """
            ^# HELP test_time_seconds Time\.
            # TYPE test_time_seconds histogram
            # UNIT test_time_seconds seconds
            test_time_seconds_bucket\{route="/b",le="5e-06"\} 1
            test_time_seconds_bucket\{route="/b",le="0\.1"\} 2
            test_time_seconds_bucket\{route="/b",le="1\.0"\} 4
            test_time_seconds_bucket\{route="/b",le="60\.0"\} 4
            test_time_seconds_bucket\{route="/b",le="\+Inf"\} 5
            test_time_seconds_sum\{route="/b"\} 101\.350001
            test_time_seconds_count\{route="/b"\} 5
            test_time_seconds_created\{route="/b"\} [\d.]+
            test_time_seconds_bucket\{route="/a",le="5e-06"\} 0
            """.ReplaceLineEndings("\n"));
        Exposition.Parse(text)["test_time_seconds_bucket{route=\"/a\",le=\"+Inf\"}"].ShouldBe(1);
    }

    [Fact]
    public async Task FamiliesAreInTheOrderOfTheirNamesAndUnitsAreNotDoubled()
    {
        var text = await WriteAsync(
            meter =>
            {
                meter.CreateObservableGauge("test.z", () => 1);
                meter.CreateUpDownCounter<long>("test.size.bytes", "By").Add(1);
                meter.CreateCounter<long>("test.items.total", "{item}").Add(1);
                meter.CreateObservableGauge("test.ratio", () => 0.5, "1");
            },
            openMetrics: true);
        var exposition = Exposition.Parse(text);
        exposition.Types.ShouldBe(
            [new("test_items", "counter"), new("test_ratio", "gauge"), new("test_size_bytes", "gauge"), new("test_z", "gauge")]);
        exposition.Units.ShouldBe([new("test_size_bytes", "bytes")]);
    }

    [Fact]
    public async Task NothingCollectedIsStillAWholeExposition()
    {
        (await WriteAsync(_ => { })).ShouldBe("");
        (await WriteAsync(_ => { }, openMetrics: true)).ShouldBe("# EOF\n");
    }

    private static async Task<string> WriteAsync(Action<Meter> make, bool openMetrics = false)
    {
        using var meter = new Meter($"{nameof(PrometheusTextTests)}.{Guid.NewGuid()}");
        using var reader = new PrometheusReader();
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter(meter.Name).AddReader(reader).Build();
        make(meter);
        return Encoding.UTF8.GetString((await reader.ScrapeAsync(openMetrics, TestContext.Current.CancellationToken)).Span);
    }
}
