using System.Globalization;
using EchoService.Probe.CommandLine;
using EchoService.Probe.Dialing;

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
    [InlineData("udp://localhost:7007", "localhost", 7007)]
    [InlineData("udp://[::1]:7", "::1", 7)]
    public void TargetIsAskedOverUdpIfItSaysSo(string text, string host, int port)
    {
        ProbeTarget.TryParse(text, out var target).ShouldBeTrue();
        target.ShouldBe(new ProbeTarget(host, port, Protocol.Udp));
        target.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("load is about TCP, and udp://127.0.0.1:7 is UDP", "load", "udp://127.0.0.1:7")]
    [InlineData("--banner is about TCP, and udp://127.0.0.1:7 is UDP", "watch", "127.0.0.1:7", "udp://127.0.0.1:7", "--banner")]
    [InlineData("--explain is about TCP", "watch", "udp://127.0.0.1:7", "--banner", "--explain")]
    [InlineData("--proxy-protocol is about TCP", "watch", "udp://127.0.0.1:7", "--proxy-protocol", "v2")]
    [InlineData("--expect-new closed is about TCP", "watch", "udp://127.0.0.1:7", "--new-rate", "1", "--expect-new", "closed")]
    [InlineData("--strict is about TCP, and every target is udp://", "watch", "udp://127.0.0.1:7", "--strict")]
    [InlineData("--max-resets is about TCP, and every target is udp://", "watch", "udp://127.0.0.1:7", "--max-resets", "1")]
    [InlineData("--max-duplicated is about UDP, and no target is udp://", "watch", "127.0.0.1:7", "--max-duplicated", "1")]
    [InlineData("--size must be from 8 to 65507 with udp://127.0.0.1:7", "watch", "udp://127.0.0.1:7", "--size", "7")]
    [InlineData("--size must be from 8 to 65507 with udp://127.0.0.1:7", "watch", "udp://127.0.0.1:7", "--size", "65508")]
    public async Task WhatIsAboutOneProtocolIsNotTakenForTheOther(string complaint, params string[] arguments)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        using var error = new StringWriter(CultureInfo.InvariantCulture);

        (await ProbeCommandLine.RunAsync(arguments, output, error)).ShouldBe(2);

        error.ToString().ShouldContain(complaint);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tcp://localhost:7007")]
    [InlineData("udp://localhost")]
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
