using System.Net;
using System.Net.Sockets;

namespace EchoService.Probe.Dialing;

/// <summary>
/// Connects to one of several addresses: in turn, each a moment after the one before it or as soon as that has failed,
/// until one answers (RFC 8305). Each connect begins with another address, so that connections spread over them all.
/// </summary>
/// <param name="dial">Connects to one address.</param>
internal sealed class Dialer(Func<IPAddress, CancellationToken, Task<Socket>> dial)
{
    /// <summary>RFC 8305, section 8: Connection Attempt Delay.</summary>
    private static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250);

    private int _turn = -1;

    /// <exception cref="SocketException">Every address failed; what the last one said.</exception>
    public async Task<Socket> ConnectAsync(IPAddress[] addresses, CancellationToken cancel)
    {
        if (addresses.Length == 1)
        {
            return await dial(addresses[0], cancel).ConfigureAwait(false);
        }

        var order = Order(addresses, (uint)Interlocked.Increment(ref _turn));
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var attempts = new List<Task<Socket>>();
        SocketException? failure = null;
        var next = 0;
        try
        {
            while (true)
            {
                if (next < order.Length)
                {
                    attempts.Add(dial(order[next++], others.Token));
                }

                var completed = await FirstOfAsync(attempts, next < order.Length, others.Token).ConfigureAwait(false);
                cancel.ThrowIfCancellationRequested();
                if (completed is null)
                {
                    continue;
                }

                attempts.Remove(completed);
                try
                {
                    return await completed.ConfigureAwait(false);
                }
                catch (SocketException e)
                {
                    failure = e;
                    if (attempts.Count == 0 && next == order.Length)
                    {
                        throw failure;
                    }
                }
            }
        }
        finally
        {
            await others.CancelAsync().ConfigureAwait(false);
            foreach (var attempt in attempts)
            {
                _ = DropAsync(attempt);
            }
        }
    }

    /// <summary>
    /// Addresses of a family in their order, begun at another one each time, and the families interleaved (RFC 8305,
    /// section 4), first the one that the resolver named first.
    /// </summary>
    internal static IPAddress[] Order(IPAddress[] addresses, uint turn)
    {
        var first = addresses.Where(a => a.AddressFamily == addresses[0].AddressFamily).ToArray();
        var second = addresses.Where(a => a.AddressFamily != addresses[0].AddressFamily).ToArray();
        var ordered = new List<IPAddress>(addresses.Length);
        for (uint i = 0; ordered.Count < addresses.Length; i++)
        {
            Take(first, i);
            Take(second, i);
        }

        return [.. ordered];

        void Take(IPAddress[] family, uint i)
        {
            if (i < family.Length)
            {
                ordered.Add(family[(turn % (uint)family.Length + i) % (uint)family.Length]);
            }
        }
    }

    /// <summary>The first attempt to complete; null when it is time for the next one.</summary>
    private static async Task<Task<Socket>?> FirstOfAsync(List<Task<Socket>> attempts, bool moreToTry, CancellationToken cancel)
    {
        if (!moreToTry)
        {
            return await Task.WhenAny(attempts).ConfigureAwait(false);
        }

        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var pause = Task.Delay(Stagger, timer.Token);
        var completed = await Task.WhenAny([.. attempts, pause]).ConfigureAwait(false);
        await timer.CancelAsync().ConfigureAwait(false);
        return completed as Task<Socket>;
    }

    private static async Task DropAsync(Task<Socket> attempt)
    {
        try
        {
            (await attempt.ConfigureAwait(false)).Dispose();
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It lost, and has nothing to close.
        }
    }
}
