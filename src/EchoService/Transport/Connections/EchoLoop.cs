using System.Diagnostics;
using System.Net.Sockets;
using EchoService.Transport.Accepting;
using EchoService.Transport.Buffers;
using EchoService.Transport.ProxyProtocol;

namespace EchoService.Transport.Connections;

/// <summary>
/// What makes a connection echo: wait until there is something to read, receive it, send it back. One operation is
/// outstanding at a time, and the loop runs wherever it completes, so the loop alone owns the event args, the figures and
/// what is left of an echo, and alone frees them.
/// </summary>
/// <remarks>
/// A message is received into a buffer of the thread and sent from there, by calls that do not block: it is in nobody
/// else's way, for a thread deals with one at a time. So a connection that waits has no buffer. Asynchronous are the wait,
/// which is a receive of no bytes, and the send of what the kernel did not take at once.
/// </remarks>
internal sealed class EchoLoop : EchoConnection
{
    /// <summary>Messages, or receives of a stream, that may follow each other before others get their turn; in a crowd it is one.</summary>
    private const int MessagesPerTurn = 8;

    private readonly ConnectionEventArgs _args;
    private readonly SafeSocketHandle _handle;
    private BufferSegment _lent;
    private Prologue? _prologue;
    private long _sampledAt;
    private Operation _operation;
    private bool _lookedInVain;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">There are no event args for it.</exception>
    public EchoLoop(ConnectionContext context, long id, Socket socket, ListenerKind listener, long expiresAt)
        : base(context, id, socket, listener, expiresAt)
    {
        _args = context.EventArgs.Rent(this);
        _handle = socket.SafeHandle;
    }

    private enum Operation : byte
    {
        Receive,
        ReceiveHeader,

        // From here on with bytes in hand, which an asynchronous send takes from the event args.
        Send,
        SendBanner,
    }

    private enum Next : byte
    {
        /// <summary>More is likely to be there, or there is more to send.</summary>
        GoOn,

        /// <summary>All that was there is back on its way.</summary>
        Yield,

        /// <summary>Nothing was there.</summary>
        Wait,

        /// <summary>The connection has ended, or a fault has the loop stopped.</summary>
        Stop,
    }

    /// <summary>Runs for the first time. Called once, by the accept loop.</summary>
    /// <param name="banner">What the client is sent before anything is echoed; null: nothing.</param>
    public void Start(byte[]? banner)
    {
        if (Context.TrustedProxies is { } proxies)
        {
            if (proxies.Contains(PeerEndPoint.Address))
            {
                _prologue = new Prologue { Header = new ProxyHeaderReader(), Banner = banner };
                _operation = Operation.ReceiveHeader;
            }
            else
            {
                // Whatever it says of itself is discarded like the rest, and never looked at.
                Close(CloseReason.ProxyHeader);
            }
        }
        else if (banner is not null)
        {
            TryBeginBanner(banner);
        }

        Continue();
    }

    /// <summary>Goes on with the loop after a wait for its turn.</summary>
    public void Continue() => Run(completed: false);

    /// <summary>Goes on with the loop: the operation that was outstanding has completed.</summary>
    public void OnOperationCompleted() => Run(completed: true);

    /// <summary>Has the processor fetch what the next message will touch.</summary>
    public void FetchSocketIntoCache() => ConnectionCacheHints.FetchSocket(Socket);

    /// <summary>Frees everything, the first time that it is called. For the loop, and for its detour when that is the last to stop.</summary>
    public void Free(CloseReason reason, CloseOutcome outcome)
    {
        if (TrySettle(reason, outcome))
        {
            ReturnLent();
            Context.EventArgs.Return(_args);
            Context.Ended(this);
        }
    }

    /// <summary>Who is behind a failed operation.</summary>
    public static CloseReason Classify(SocketError error) => error is
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.NotConnected
        ? CloseReason.ClientReset
        : CloseReason.Error;

    /// <param name="completed">Whether an operation has completed, and not the turn of others.</param>
    private void Run(bool completed)
    {
        try
        {
            if (completed && !OnCompleted())
            {
                return;
            }

            for (var messages = 0; ; messages++)
            {
                if (_operation >= Operation.Send)
                {
                    if (Socket!.SendAsync(_args) || !OnCompleted())
                    {
                        return;
                    }

                    continue;
                }

                // Never with bytes in hand: they go out first.
                if (messages >= MessagesPerTurn || (messages > 0 && Context.Turnstiles.IsCrowded))
                {
                    Context.Turnstiles.TryYield(this, turnIsOver: true);
                    return;
                }

                switch (ReceiveOnce())
                {
                    case Next.GoOn:
                        continue;
                    case Next.Yield when Context.Turnstiles.TryYield(this, turnIsOver: false):
                        _lookedInVain = false;
                        return;
                    case Next.Wait when !completed && messages == 0 && !_lookedInVain && Context.Turnstiles.TryYield(this, turnIsOver: false):
                        // Under such load its next message is more likely here by the next turn than not.
                        _lookedInVain = true;
                        return;
                    case Next.Stop:
                        return;
                }

                if (Socket!.ReceiveAsync(_args) || !OnCompleted())
                {
                    return;
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // Aborted between two operations.
            End(CloseReason.Error, CloseOutcome.CutByService);
        }
        catch (Exception exception)
        {
            // The last line of defence: an exception that left a completion callback would end the process, and with
            // it every other connection. Registering with epoll when memory is out is one way to get here.
            Log.ConnectionFailed(Context.Logger, Id, exception);
            End(CloseReason.Error, CloseOutcome.CutByService);
        }
    }

    /// <summary>Deals with the operation that has completed.</summary>
    /// <returns>False: the connection has ended, or a fault has the loop stopped.</returns>
    private bool OnCompleted()
    {
        if (_operation >= Operation.Send)
        {
            return OnSent();
        }

        // The kernel tells of an error once, and that may have been to the look with which a wait begins.
        return _args.SocketError == SocketError.Success || End(Classify(_args.SocketError), CloseOutcome.CutByClient);
    }

    /// <summary>Receives what is there and deals with it.</summary>
    private Next ReceiveOnce()
    {
        var buffer = Context.Buffers.OfThisThread();
        BufferSegment received;
        SocketError error;
        var echoes = false;
        var sent = 0;
        // Nothing that may end the connection in here, for the socket could not be closed.
        using (var calls = new SocketCalls(Socket!, _handle))
        {
            received = buffer with { Length = calls.Receive(buffer.Span, out error) };
            if (error == SocketError.WouldBlock)
            {
                return Next.Wait;
            }

            // All that a message pays for faults while none has hold of the connection.
            if (received.Length > 0 && _operation == Operation.Receive && Detour is null)
            {
                echoes = TryBeginEcho(received.Length);
                if (!echoes)
                {
                    return AfterReceive(received, buffer);
                }

                sent = calls.Send(received.Span, out error);
            }
        }

        var goesOn = echoes ? OnSent(received, sent, error)
            : received.Length > 0 ? OnReceived(received)
            : EndOfStream(error);
        return goesOn ? AfterReceive(received, buffer) : Next.Stop;
    }

    /// <summary>A read that fills the buffer leaves more, as a rule, and so nothing is gained by a wait.</summary>
    private Next AfterReceive(BufferSegment received, BufferSegment buffer) =>
        received.Length == buffer.Length || _operation >= Operation.Send ? Next.GoOn : Next.Yield;

    /// <returns>False: the loop is over or has to stop.</returns>
    private bool OnReceived(BufferSegment received) =>
        _operation == Operation.ReceiveHeader ? OnHeaderReceived(received) : Echo(received);

    private bool OnHeaderReceived(BufferSegment received)
    {
        var prologue = _prologue!;
        var status = prologue.Header!.Read(received.Span, out var consumed, out var client);
        Figures.OnDiscarded(status == ProxyHeaderStatus.Complete ? consumed : received.Length);
        if (status == ProxyHeaderStatus.Incomplete)
        {
            return true;
        }

        _prologue = null;
        _operation = Operation.Receive;
        if (status == ProxyHeaderStatus.Invalid)
        {
            Close(CloseReason.ProxyHeader);
            return true;
        }

        Identify(client);
        var rest = received[consumed..];
        if (!Progress.TryEndHeader())
        {
            // A close came first.
            Figures.OnDiscarded(rest.Length);
            return true;
        }

        Context.Faults.Meet(this);
        if (prologue.Banner is not { } banner)
        {
            return rest.IsEmpty || Echo(rest);
        }

        if (!TryBeginBanner(banner))
        {
            Figures.OnDiscarded(rest.Length);
        }
        else if (!rest.IsEmpty)
        {
            _prologue = new Prologue { Rest = Context.Buffers.Keep(rest, out _lent) };
        }

        return true;
    }

    /// <summary>Prepares to send the banner.</summary>
    /// <returns>False: a close came first, and things are left as they are.</returns>
    private bool TryBeginBanner(byte[] banner)
    {
        // To a close it is like an echo: in hand, and to go out before the FIN.
        if (!Progress.TryBeginEcho())
        {
            return false;
        }

        _args.SetBuffer(banner, 0, banner.Length);
        _operation = Operation.SendBanner;
        return true;
    }

    private bool OnBannerSent()
    {
        _operation = Operation.Receive;
        _args.SetBuffer(null, 0, 0);
        var rest = _prologue?.Rest ?? default;
        _prologue = null;
        if (rest.IsEmpty)
        {
            EndEcho();
            return true;
        }

        if (Detour is { } detour)
        {
            EndEcho();
            if (detour.TryTake(rest.Span))
            {
                ReturnLent();
                return detour.MayRead();
            }

            if (!Progress.TryBeginEcho())
            {
                Figures.OnDiscarded(rest.Length);
                ReturnLent();
                return true;
            }
        }

        // In hand as the banner was: a close that came meanwhile waits for it too.
        Context.Counters.Current.Received += rest.Length;
        Figures.OnReceived(rest.Length, Context.Clock.Now);
        PrepareSend(rest);
        return true;
    }

    /// <summary>Sends back what has been received.</summary>
    private bool Echo(BufferSegment received)
    {
        if (Detour is { } detour && detour.TryTake(received.Span))
        {
            return detour.MayRead();
        }

        if (!TryBeginEcho(received.Length))
        {
            return true;
        }

        int sent;
        SocketError error;
        using (var calls = new SocketCalls(Socket!, _handle))
        {
            sent = calls.Send(received.Span, out error);
        }

        return OnSent(received, sent, error);
    }

    /// <summary>Counts what has been received, to be sent back.</summary>
    /// <returns>False: a close came first, and it is discarded.</returns>
    private bool TryBeginEcho(int count)
    {
        if (!Progress.TryBeginEcho())
        {
            // Our FIN went out while this was on its way: it is not echoed, and so not counted as received.
            Figures.OnDiscarded(count);
            return false;
        }

        var counters = Context.Counters.Current;
        counters.Received += count;
        Figures.OnReceived(count, Context.Clock.Now);
        if (counters.IsSampleDue())
        {
            _sampledAt = Stopwatch.GetTimestamp();
        }

        return true;
    }

    /// <summary>The kernel has taken all of an echo, or a part, or nothing.</summary>
    private bool OnSent(BufferSegment received, int sent, SocketError error)
    {
        if (sent > 0)
        {
            Figures.OnSent(sent, Context.Clock.Now);
            Context.Counters.Current.Sent += sent;
        }

        if (sent == received.Length)
        {
            OnEchoed();
            return true;
        }

        if (error is not (SocketError.Success or SocketError.WouldBlock))
        {
            return End(Classify(error), CloseOutcome.CutByClient);
        }

        // The client does not keep up.
        PrepareSend(Context.Buffers.Keep(received[sent..], out _lent));
        return true;
    }

    /// <summary>Prepares to send what this connection has in a segment of its own.</summary>
    private void PrepareSend(BufferSegment rest)
    {
        _args.SetBuffer(rest.Array, rest.Offset, rest.Length);
        _operation = Operation.Send;
    }

    private bool OnSent()
    {
        var isBanner = _operation == Operation.SendBanner;
        var count = _args.BytesTransferred;
        if (!isBanner)
        {
            Figures.OnSent(count, Context.Clock.Now);
            Context.Counters.Current.Sent += count;
        }

        if (_args.SocketError != SocketError.Success)
        {
            return End(Classify(_args.SocketError), CloseOutcome.CutByClient);
        }

        if (count < _args.Count)
        {
            _args.SetBuffer(_args.Offset + count, _args.Count - count);
            return true;
        }

        if (isBanner)
        {
            return OnBannerSent();
        }

        _operation = Operation.Receive;
        ReturnLent();
        OnEchoed();
        return true;
    }

    /// <summary>A message is back on its way, to the last byte.</summary>
    private void OnEchoed()
    {
        if (_sampledAt != 0)
        {
            Context.Observer.RecordTurnaround(Stopwatch.GetElapsedTime(_sampledAt));
            _sampledAt = 0;
        }

        EndEcho();
    }

    /// <summary>Nothing is in hand any more.</summary>
    private void EndEcho()
    {
        // Else it was closed meanwhile, or aborted: then the next operation finds the socket disposed.
        if (!Progress.TryEndEcho() && Progress.TryFinish())
        {
            SendFin();
        }
    }

    private void ReturnLent()
    {
        if (!_lent.IsEmpty)
        {
            // The event args must not point to it any longer when another connection gets it.
            _args.SetBuffer(null, 0, 0);
            Context.Buffers.Return(_lent);
            _lent = default;
        }
    }

    /// <summary>A receive has found the end of the stream, or an error.</summary>
    private bool EndOfStream(SocketError error)
    {
        if (error != SocketError.Success)
        {
            return End(Classify(error), CloseOutcome.CutByClient);
        }

        var reason = _operation == Operation.ReceiveHeader ? CloseReason.ProxyHeader : CloseReason.ClientFin;
        return !(Detour is { } detour && detour.TryKeepAfterFin()) && End(reason, CloseOutcome.InOrder);
    }

    /// <summary>The loop is over.</summary>
    /// <returns>False, for it to stop.</returns>
    private bool End(CloseReason reason, CloseOutcome outcome)
    {
        if (Detour is not { } detour || detour.TryEnd(ref reason, ref outcome))
        {
            Free(reason, outcome);
        }

        return false;
    }
}
