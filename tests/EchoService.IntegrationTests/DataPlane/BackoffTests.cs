using System.Net.Sockets;
using EchoService.Transport.Timing;
using Microsoft.Extensions.Time.Testing;

namespace EchoService.IntegrationTests.DataPlane;

public sealed class BackoffTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<(SocketError Error, double Milliseconds)> _warnings = [];
    private readonly Backoff _backoff;

    public BackoffTests() => _backoff = new Backoff(_time, (error, milliseconds) => _warnings.Add((error, milliseconds)));

    [Fact]
    public void DoublesFromTenMillisecondsToASecond()
    {
        Next(9).ShouldBe([10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    }

    [Fact]
    public void BeginsAgainOnceItWentWell()
    {
        Next(5);

        _backoff.Reset();

        Next(2).ShouldBe([10, 20]);
    }

    [Fact]
    public void WarnsOfTheFirstAndThenOnceAMinute()
    {
        Next(3);
        _warnings.ShouldBe([(SocketError.TooManyOpenSockets, 10)]);

        _time.Advance(TimeSpan.FromSeconds(59));
        Next(1);
        _warnings.Count.ShouldBe(1);

        _time.Advance(TimeSpan.FromSeconds(1));
        Next(2);
        _warnings.ShouldBe([(SocketError.TooManyOpenSockets, 10), (SocketError.TooManyOpenSockets, 160)]);
    }

    [Fact]
    public void WarnsNotOfWhatHasBeenSaid()
    {
        _backoff.Next(error: null);
        _warnings.ShouldBeEmpty();

        Next(1);
        _warnings.Count.ShouldBe(1);
    }

    private double[] Next(int count) => [.. Enumerable.Range(0, count).Select(_ => _backoff.Next(SocketError.TooManyOpenSockets).TotalMilliseconds)];
}
