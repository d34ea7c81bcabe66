namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>
/// Tests of running services. Whatever a test did to one, afterwards nobody is connected, everything borrowed is
/// back, the counts add up, and a new client is served.
/// </summary>
public abstract class ServiceTests : IAsyncLifetime
{
    private readonly List<(EchoTarget Target, ServiceStats Before, bool Owned)> _targets = [];

    /// <summary>Set by a test that cuts connections with bytes under way: not all that was received was sent.</summary>
    private protected bool BytesAreCut { get; set; }

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var (target, before, owned) in _targets)
        {
            try
            {
                // What a test had it do wrong it is to do no more.
                (target as EchoHost)?.Server.Faults.EndAll();
                // A test that has failed says more than what it left behind.
                if (TestContext.Current.TestState?.Result != TestResult.Failed)
                {
                    await VerifyAtRestAsync(target, before);
                    await VerifyNewClientWorksAsync(target);
                    await VerifyAtRestAsync(target, before);
                }
            }
            finally
            {
                if (owned)
                {
                    await target.DisposeAsync();
                }
            }
        }
    }

    /// <summary>Starts a service of the test's own.</summary>
    /// <param name="settings">What differs from the defaults, as <c>Echo:MaxConnections=2</c>.</param>
    private protected async Task<EchoHost> StartAsync(params string[] settings)
    {
        var host = await EchoHost.StartAsync(settings);
        _targets.Add((host, await host.GetStatsAsync(), true));
        return host;
    }

    /// <summary>Watches over a service that goes on after the test.</summary>
    private protected async Task ShareAsync(EchoTarget target) => _targets.Add((target, await target.GetStatsAsync(), false));

    private static async Task VerifyNewClientWorksAsync(EchoTarget target)
    {
        using var client = await target.ConnectAsync();
        await client.EchoAsync(1000);
        await client.FinishAsync();
    }

    private async Task VerifyAtRestAsync(EchoTarget target, ServiceStats before)
    {
        var stats = await target.WaitForAsync(stats =>
            stats.Active == 0 && stats.EventArgsInUse == 0 && stats.BufferBytesInUse == 0 && stats.Accepted == stats.ClosedTotal);
        stats.EventArgsCreated.ShouldBeLessThanOrEqualTo(stats.Peak);
        // Faults may have dropped bytes, or added some.
        var altered = target is EchoHost faulty ? faulty.Server.Counters.Altered : 0;
        var unsent = stats.BytesUnsent - before.BytesUnsent + altered;
        if (BytesAreCut)
        {
            unsent.ShouldBeGreaterThanOrEqualTo(0);
        }
        else
        {
            unsent.ShouldBe(0);
        }

        if (target is EchoHost host)
        {
            host.Server.Counters.Abandoned.ShouldBe(stats.BytesUnsent + altered);
        }
    }
}
