using System.Net;
using System.Net.Sockets;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Dialing;

/// <summary>
/// The addresses of a name, asked for again as they age, so that a name whose addresses change is followed. IPv6 and
/// IPv4 are asked for apart, and neither waits long for the other (RFC 8305, section 3).
/// </summary>
/// <remarks>
/// One look-up of a kind is under way at a time, whoever waits for it: the system's resolver holds a thread of the pool,
/// and with a silent name server a look-up for each connection would hold them all.
/// </remarks>
/// <param name="host">A name or an address.</param>
/// <param name="lookUp">Asks for the addresses of one family; those of the system unless a test says otherwise.</param>
internal sealed class Resolver(string host, Func<string, AddressFamily, Task<IPAddress[]>>? lookUp = null)
{
    /// <summary>How long an answer of one family waits for the other's (RFC 8305, section 8).</summary>
    private static readonly TimeSpan ResolutionDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a renewed look-up may take before the last answer is used.</summary>
    private static readonly TimeSpan RenewalDelay = TimeSpan.FromMilliseconds(250);

    private static readonly long Freshness = Clock.Second;

    private readonly IPAddress[]? _literal = IPAddress.TryParse(host, out var address) ? [address] : null;
    private readonly Func<string, AddressFamily, Task<IPAddress[]>> _lookUp = lookUp ?? ((name, family) => Dns.GetHostAddressesAsync(name, family));
    private readonly Lock _gate = new();
    private Task<IPAddress[]>? _asking;
    private IPAddress[] _known = [];
    private long _knownAt;

    /// <exception cref="SocketException">The name has no address.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> came first.</exception>
    public async Task<IPAddress[]> ResolveAsync(CancellationToken cancel)
    {
        if (_literal is not null)
        {
            return _literal;
        }

        Task<IPAddress[]> asking;
        IPAddress[] known;
        lock (_gate)
        {
            if (_known.Length > 0 && Clock.Now - _knownAt < Freshness)
            {
                return _known;
            }

            known = _known;
            asking = _asking ??= AskAsync();
        }

        if (known.Length > 0)
        {
            await Task.WhenAny(asking, Task.Delay(RenewalDelay, cancel)).ConfigureAwait(false);
            cancel.ThrowIfCancellationRequested();
            if (!asking.IsCompleted)
            {
                return known;
            }
        }

        return await asking.WaitAsync(cancel).ConfigureAwait(false);
    }

    private async Task<IPAddress[]> AskAsync()
    {
        // The look-ups must not run under the gate.
        await Task.Yield();
        try
        {
            var six = FamilyAsync(AddressFamily.InterNetworkV6);
            var four = FamilyAsync(AddressFamily.InterNetwork);
            var first = await Task.WhenAny(six, four).ConfigureAwait(false);
            var both = Task.WhenAll(six, four);
            if ((await first.ConfigureAwait(false)).Length == 0)
            {
                await both.ConfigureAwait(false);
            }
            else
            {
                await Task.WhenAny(both, Task.Delay(ResolutionDelay)).ConfigureAwait(false);
            }

            IPAddress[] found = [.. AnswerOf(six), .. AnswerOf(four)];
            if (found.Length == 0)
            {
                throw new SocketException((int)SocketError.HostNotFound);
            }

            lock (_gate)
            {
                (_known, _knownAt) = (found, Clock.Now);
            }

            return found;
        }
        finally
        {
            lock (_gate)
            {
                _asking = null;
            }
        }
    }

    private static IPAddress[] AnswerOf(Task<IPAddress[]> family) => family.IsCompletedSuccessfully ? family.Result : [];

    private async Task<IPAddress[]> FamilyAsync(AddressFamily family)
    {
        try
        {
            return await _lookUp(host, family).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // No address of this family, or no such name: then the other has none either.
            return [];
        }
    }
}
