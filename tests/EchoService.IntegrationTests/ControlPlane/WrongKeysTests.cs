using System.Net;
using EchoService.ControlPlane.Access;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>The count of wrong keys, on a clock of its own.</summary>
public sealed class WrongKeysTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _lines = [];
    private readonly WrongKeys _wrongKeys;

    public WrongKeysTests() => _wrongKeys = new WrongKeys(_time, new ListLogger(_lines));

    public void Dispose() => _wrongKeys.Dispose();

    [Fact]
    public void AreSaidOnceAMinuteHoweverMany()
    {
        Try("192.0.2.1", 1);
        _lines.ShouldHaveSingleItem().ShouldStartWith("1 calls with a wrong key, the last from 192.0.2.1");
        Try("192.0.2.2", 1000);
        _time.Advance(TimeSpan.FromSeconds(59));
        _lines.Count.ShouldBe(1);
        _time.Advance(TimeSpan.FromSeconds(1));
        _lines.Count.ShouldBe(2);
        _lines[1].ShouldStartWith("1000 calls with a wrong key, the last from 192.0.2.2");
        _time.Advance(TimeSpan.FromMinutes(10));
        _lines.Count.ShouldBe(2);
        Try("192.0.2.1", 1);
        _lines.Count.ShouldBe(3);
    }

    [Fact]
    public void TooManyAreForgottenAfterAMinute()
    {
        Try("192.0.2.1", WrongKeys.Allowed).ShouldBe(0);
        _time.Advance(TimeSpan.FromSeconds(20));
        _wrongKeys.IsTooMany(IPAddress.Parse("192.0.2.1"), out var wait).ShouldBeTrue();
        wait.ShouldBe(TimeSpan.FromSeconds(40));
        _time.Advance(wait);
        Try("192.0.2.1", 1).ShouldBe(0);
    }

    [Fact]
    public void AHostWithManyAddressesIsOnePeer()
    {
        var refused = 0;
        for (var i = 0; i < 100; i++)
        {
            refused += Try($"2001:db8::{i:x}", 1);
        }

        refused.ShouldBe(100 - WrongKeys.Allowed);
    }

    private int Try(string peer, int times) => Enumerable.Range(0, times).Count(_ => _wrongKeys.IsTooMany(IPAddress.Parse(peer), out var _));

    private sealed class ListLogger(List<string> lines) : ILogger<WrongKeys>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Add(formatter(state, exception));
    }
}
