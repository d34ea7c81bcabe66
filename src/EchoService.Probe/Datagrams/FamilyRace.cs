using System.Net;
using System.Net.Sockets;
using EchoService.Probe.Dialing;

namespace EchoService.Probe.Datagrams;

/// <summary>
/// Settles by which family a name is asked that has addresses of both. UDP has no connect that would tell whether anybody
/// is there, so a datagram goes to each address in turn, and the first that is answered decides for the whole run (after
/// RFC 8305). Within a family addresses are taken as they come, as other clients do.
/// </summary>
/// <param name="greet">Opens a socket to an address and returns it once it was answered.</param>
/// <param name="timeout">How long an answer is waited for.</param>
internal sealed class FamilyRace(Func<IPAddress, CancellationToken, Task<Socket>> greet, TimeSpan timeout)
{
    private readonly Dialer _dialer = new(greet);
    private readonly Lock _gate = new();
    private Task? _racing;
    private volatile IPAddress? _winner;

    /// <summary>Those of the family that answers; of the first address's where none does.</summary>
    public async Task<IPAddress[]> NarrowAsync(IPAddress[] addresses, CancellationToken cancel)
    {
        if (Array.TrueForAll(addresses, address => address.AddressFamily == addresses[0].AddressFamily))
        {
            return addresses;
        }

        if (_winner is null)
        {
            Task racing;
            lock (_gate)
            {
                racing = _racing ??= RaceAsync(addresses);
            }

            await racing.WaitAsync(cancel).ConfigureAwait(false);
        }

        var family = (_winner ?? addresses[0]).AddressFamily;
        var narrowed = Array.FindAll(addresses, address => address.AddressFamily == family);
        return narrowed.Length > 0 ? narrowed : addresses;
    }

    private async Task RaceAsync(IPAddress[] addresses)
    {
        // Not under the gate.
        await Task.Yield();
        using var deadline = new CancellationTokenSource(timeout);
        try
        {
            using var socket = await _dialer.ConnectAsync(addresses, deadline.Token).ConfigureAwait(false);
            _winner = ((IPEndPoint)socket.RemoteEndPoint!).Address;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Nobody answers: whoever comes next asks again.
        }

        lock (_gate)
        {
            _racing = null;
        }
    }
}
