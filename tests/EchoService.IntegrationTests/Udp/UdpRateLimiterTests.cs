using System.Net;
using EchoService.Transport.Addressing;
using EchoService.Transport.Udp;
using Microsoft.Extensions.Time.Testing;

namespace EchoService.IntegrationTests.Udp;

/// <summary>So many datagrams a second from one address, whoever else sends.</summary>
public sealed class UdpRateLimiterTests
{
    private static readonly UInt128 Source = NumberOf("192.0.2.1");

    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    [InlineData(1_000_000)]
    public void GrantsASecondsWorthAtOnceAndThenTheRate(int rate)
    {
        var limiter = new UdpRateLimiter(rate, _time);
        CountGranted(limiter, rate + 10).ShouldBe(rate);
        _time.Advance(TimeSpan.FromSeconds(1));
        CountGranted(limiter, rate + 10).ShouldBe(rate);
        _time.Advance(TimeSpan.FromSeconds(0.5));
        CountGranted(limiter, rate + 10).ShouldBe(rate / 2);
    }

    [Fact]
    public void SavesNoMoreThanASecondsWorth()
    {
        var limiter = new UdpRateLimiter(100, _time);
        CountGranted(limiter, 1).ShouldBe(1);
        _time.Advance(TimeSpan.FromHours(1));
        CountGranted(limiter, 200).ShouldBe(100);
    }

    [Fact]
    public void TellsSourcesApart()
    {
        var limiter = new UdpRateLimiter(5, _time);
        CountGranted(limiter, 10).ShouldBe(5);
        limiter.TryTake(NumberOf("192.0.2.2")).ShouldBeTrue();
        limiter.TryTake(NumberOf("2001:db8::1")).ShouldBeTrue();
        limiter.TryTake(NumberOf("2001:db8::2")).ShouldBeTrue();
    }

    [Fact]
    public void RemembersWhoIsOverTheLimitThroughAFloodOfSpoofedSources()
    {
        var limiter = new UdpRateLimiter(100, _time);
        CountGranted(limiter, 100).ShouldBe(100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var spoofed = new byte[16];
        for (var i = 0; i < 200_000; i++)
        {
            Random.Shared.NextBytes(spoofed);
            limiter.TryTake(Addresses.ToNumber(spoofed)).ShouldBeTrue();
        }

        // Nothing of them is kept but rows of a table that was there before; what is allocated is the test's own.
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(200_000 * 200);
        limiter.TryTake(Source).ShouldBeFalse();
    }

    private static UInt128 NumberOf(string address) => IPAddress.Parse(address).ToNumber();

    private static int CountGranted(UdpRateLimiter limiter, int attempts)
    {
        var granted = 0;
        for (var i = 0; i < attempts; i++)
        {
            granted += limiter.TryTake(Source) ? 1 : 0;
        }

        return granted;
    }
}
