using EchoService.Configuration;
using EchoService.IntegrationTests.Containers;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Testcontainers;
using EchoService.Transport.Faults;
using DeadlineAction = EchoService.Testcontainers.DeadlineAction;
using DrainOptions = EchoService.Lifecycle.DrainOptions;

namespace EchoService.IntegrationTests.Packages;

/// <summary>What the module's builder makes of what it is told. With the containers, since Testcontainers reads the engine's settings when it is first used.</summary>
[Collection(ContainerSuite.Name)]
public sealed class EchoServiceBuilderTests
{
    private static readonly EchoServiceBuilder Plain = new("example:1");

    [Fact]
    public async Task EverySettingIsOneOfTheServicesOwn()
    {
        var builder = Plain.WithFaults().WithUdp(ratePerSource: 5).WithBanner().WithProxyProtocol("10.0.0.0/8", "fd00::/8").WithConnectionLimit(7, LimitPolicy.Queue)
            .WithIdleTimeout(TimeSpan.FromMinutes(1)).WithSendTimeout(TimeSpan.FromSeconds(1.5)).WithMaxLifetime(TimeSpan.FromDays(1)).WithCloseTimeout(TimeSpan.FromSeconds(1))
            .WithDrain(TimeSpan.Zero, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan, DeadlineAction.Fin).WithApiKey("a-key-for-this-run-only");
        // A key that is not known, or a value that is not allowed, ends the start.
        await using var host = await EchoHost.StartAsync([.. Settings(builder), "Echo:BannerPort=0"]);
        var options = host.Server.Options;
        options.MaxConnections.ShouldBe(7);
        options.LimitPolicy.ToString().ShouldBe("Queue");
        options.IdleTimeout.ShouldBe(TimeSpan.FromMinutes(1));
        options.SendTimeout.ShouldBe(TimeSpan.FromSeconds(1.5));
        options.MaxLifetime.ShouldBe(TimeSpan.FromDays(1));
        options.CloseTimeout.ShouldBe(TimeSpan.FromSeconds(1));
        options.ProxyProtocol.ToString().ShouldBe("Required");
        options.TrustedProxies.Count.ShouldBe(2);
        options.Udp.ShouldSatisfyAllConditions(udp => udp.Enabled.ShouldBeTrue(), udp => udp.RatePerSource.ShouldBe(5));
        var drain = host.Service<DrainOptions>();
        (drain.ReadinessDelay, drain.Timeout, drain.Spread, drain.OnDeadline.ToString()).ShouldBe((TimeSpan.Zero, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(-1), "Fin"));
        host.Service<FaultOptions>().Enabled.ShouldBeTrue();
        host.Service<ManagementOptions>().ApiKey.ShouldBe("a-key-for-this-run-only");
    }

    [Fact]
    public void NothingIsSetThatNobodyAskedFor()
    {
        Settings(Plain).ShouldBeEmpty();
        Plain.WithDrain(timeout: TimeSpan.FromSeconds(1)).Configuration.Environments.ShouldHaveSingleItem().Key.ShouldBe("Drain__Timeout");
        Plain.WithUdp().Configuration.Environments.ShouldHaveSingleItem().Key.ShouldBe("Echo__Udp__Enabled");
    }

    [Fact]
    public void EachCallMakesAnotherBuilderAndLeavesTheFirst()
    {
        Plain.WithFaults().WithBanner().ShouldNotBeSameAs(Plain);
        Plain.Configuration.Environments.ShouldBeEmpty();
        Plain.Configuration.HasBanner.ShouldBeNull();
        var both = Plain.WithBanner().WithUdp().WithApiKey("a-key-for-this-run-only").WithName("one").Configuration;
        (both.HasBanner, both.HasUdp, both.ApiKey, both.Image.FullName).ShouldBe((true, true, "a-key-for-this-run-only", "example:1"));
        new EchoServiceConfiguration(both).HasUdp.ShouldBe(true);
    }

    [Fact]
    public void TheImageIsThatOfThePackagesVersionWhereNoneIsNamed() =>
        new EchoServiceBuilder().Configuration.Image.FullName.ShouldBe($"echoservice:{Repository.Version}");

    [Fact]
    [Needs(Need.Engine)]
    public async Task EveryContainerHasAKeyOfItsOwnUnlessOneIsNamed()
    {
        await using var one = Plain.Build();
        await using var other = Plain.Build();
        one.ApiKey.ShouldNotBeNull().Length.ShouldBeGreaterThanOrEqualTo(16);
        other.ApiKey.ShouldNotBe(one.ApiKey);
        await using var named = Plain.WithApiKey("a-key-for-this-run-only").Build();
        named.ApiKey.ShouldBe("a-key-for-this-run-only");
        await using var byEnvironment = Plain.WithEnvironment("Management__ApiKey", "a-key-for-that-run-only").Build();
        byEnvironment.ApiKey.ShouldBe("a-key-for-that-run-only");
        await using var none = Plain.WithoutApiKey().Build();
        none.ApiKey.ShouldBeNull();
    }

    [Fact]
    [Needs(Need.Engine)]
    public async Task WhatWasNotTurnedOnHasNoEndpointAndSaysHowToTurnItOn()
    {
        await using var plain = Plain.Build();
        Should.Throw<InvalidOperationException>(() => plain.BannerEndPoint).Message.ShouldContain("WithBanner()");
        Should.Throw<InvalidOperationException>(() => plain.UdpEndPoint).Message.ShouldContain("WithUdp()");
        Should.Throw<ArgumentOutOfRangeException>(() => Plain.WithProxyProtocol());
    }

    private static IEnumerable<string> Settings(EchoServiceBuilder builder) =>
        builder.WithEnvironment(builder.Configuration.ApiKey is { } key ? new Dictionary<string, string> { [EchoServiceBuilder.ApiKeyVariable] = key } : [])
            .Configuration.Environments.Select(variable => $"{variable.Key.Replace("__", ":", StringComparison.Ordinal)}={variable.Value}");
}
