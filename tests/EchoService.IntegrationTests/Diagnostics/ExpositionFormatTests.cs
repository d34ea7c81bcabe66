using EchoService.Diagnostics;

namespace EchoService.IntegrationTests.Diagnostics;

public sealed class ExpositionFormatTests
{
    [Theory]
    // What Prometheus 2 and 3, and a browser, send.
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true)]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", true)]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", false)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("*/*", false)]
    [InlineData("text/plain", false)]
    [InlineData("application/*", true)]
    [InlineData("application/openmetrics-text", true)]
    [InlineData("Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8", true)]
    [InlineData("application/openmetrics-text, text/plain", true)]
    [InlineData("text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.8", false)]
    [InlineData("text/plain;version=0.0.4;q=0.8, application/openmetrics-text;q=0.9", true)]
    [InlineData("application/openmetrics-text;q=0, */*", false)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0, application/openmetrics-text;q=1, text/plain;q=0.1", false)]
    [InlineData("application/openmetrics-text;version=0.0.1", false)]
    [InlineData("application/openmetrics-text;version=2.0.0, */*;q=0.1", false)]
    [InlineData("application/json", false)]
    [InlineData("this is no media type, ;;", false)]
    public void OpenMetricsIsChosenWhenTheScraperPrefersIt(string? accept, bool expected) =>
        ExpositionFormat.PrefersOpenMetrics(accept).ShouldBe(expected);
}
