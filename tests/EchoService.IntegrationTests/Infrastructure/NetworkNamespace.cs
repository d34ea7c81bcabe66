using System.Globalization;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>
/// A network of a test's own, with nothing in it but loopback, where it may cut what it likes. The process that holds it
/// reads from this one, so that it is gone with it, whatever happens.
/// </summary>
internal sealed class NetworkNamespace : IAsyncDisposable
{
    private readonly ChildProcess _holder;

    private NetworkNamespace(ChildProcess holder) => _holder = holder;

    public static async Task<NetworkNamespace> OpenAsync()
    {
        var holder = ChildProcess.Start("unshare", ["--net", "sh", "-c", "ip link set lo up && echo open && exec cat"]);
        try
        {
            await holder.WaitForLineAsync("open");
            return new NetworkNamespace(holder);
        }
        catch
        {
            await holder.DisposeAsync();
            throw;
        }
    }

    /// <summary>A command line that runs in it.</summary>
    public string[] Inside(params string[] command) => ["nsenter", string.Create(CultureInfo.InvariantCulture, $"--net=/proc/{_holder.Id}/ns/net"), .. command];

    /// <summary>Starts a command in it.</summary>
    public ChildProcess Start(params string[] command)
    {
        var line = Inside(command);
        return ChildProcess.Start(line[0], line[1..]);
    }

    /// <summary>Adds or removes a rule of its firewall.</summary>
    /// <param name="rule">As iptables takes it.</param>
    public async Task FirewallAsync(string rule)
    {
        await using var iptables = Start(["iptables", .. rule.Split(' ')]);
        (await iptables.ExitAsync()).ShouldSucceed();
    }

    public ValueTask DisposeAsync() => _holder.DisposeAsync();
}
