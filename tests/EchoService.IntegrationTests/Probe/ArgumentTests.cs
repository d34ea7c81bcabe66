using EchoService.Probe.CommandLine;
using EchoService.Probe.Connections;

namespace EchoService.IntegrationTests.Probe;

public sealed class ArgumentTests
{
    [Theory]
    [InlineData("localhost:7007", "localhost", 7007)]
    [InlineData("127.0.0.1:7", "127.0.0.1", 7)]
    [InlineData("[::1]:65535", "::1", 65535)]
    [InlineData("echo.echo.svc.cluster.local:7", "echo.echo.svc.cluster.local", 7)]
    public void TargetIsAHostAndAPort(string text, string host, int port)
    {
        ProbeTarget.TryParse(text, out var target).ShouldBeTrue();
        target.ShouldBe(new ProbeTarget(host, port));
        target.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":7007")]
    [InlineData("localhost")]
    [InlineData("localhost:")]
    [InlineData("localhost:0")]
    [InlineData("localhost:65536")]
    [InlineData("localhost:-1")]
    [InlineData("localhost:7x")]
    [InlineData("::1:7007")]
    [InlineData("[localhost]:7007")]
    [InlineData("[]:7007")]
    [InlineData("http://localhost:7007")]
    [InlineData("a b:7007")]
    public void TargetThatIsNeitherIsNotTaken(string text) => ProbeTarget.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("10s", 10)]
    [InlineData("1.5s", 1.5)]
    [InlineData("2m", 120)]
    [InlineData("1h", 3600)]
    [InlineData("00:00:10", 10)]
    public void DurationHasAUnit(string text, double seconds)
    {
        DurationText.TryParse(text, out var duration).ShouldBeTrue();
        duration.TotalSeconds.ShouldBe(seconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1e3s")]
    [InlineData("10 s")]
    [InlineData("10d")]
    [InlineData("99999999999999999999h")]
    public void DurationWithoutOneIsNotTaken(string text) => DurationText.TryParse(text, out _).ShouldBeFalse();
}
