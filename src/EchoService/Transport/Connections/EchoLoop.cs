using System.Diagnostics;
using System.Net.Sockets;
using EchoService.Transport.Accepting;
using EchoService.Transport.ProxyProtocol;

namespace EchoService.Transport.Connections;

/// <summary>
/// What makes a connection echo: receive, send back what came, receive again. One operation is outstanding at a time,
/// and the loop runs wherever it completes, so the loop alone owns the buffer, the event args and the figures, and alone
/// frees them.
/// </summary>
internal sealed class EchoLoop : EchoConnection
{
    /// <summary>Operations that may complete at once before others get their turn: 8 messages, or 8 large segments of a stream.</summary>
    private const int OperationsPerTurn = 16;

    private readonly ConnectionEventArgs _args;
    private ReceiveBuffer _buffer;
    private Prologue? _prologue;
    private long _sampledAt;
    private Operation _operation;

    /// <inheritdoc/>
    /// <exception cref="OutOfMemoryException">There is no memory for its buffer.</exception>
    /// <exception cref="InvalidOperationException">There are no event args for it.</exception>
    public EchoLoop(ConnectionContext context, long id, Socket socket, ListenerKind listener, long expiresAt)
        : base(context, id, socket, listener, expiresAt)
    {
        _args = context.EventArgs.Rent(this);
        try
        {
            _buffer = new ReceiveBuffer(context.Buffers);
        }
        catch
        {
            context.EventArgs.Return(_args);
            throw;
        }
    }

    private enum Operation : byte
    {
        Receive,
        WaitForData,
        ReceiveHeader,

        // From here on with bytes in hand.
        Send,
        SendBanner,
    }

    /// <summary>Posts the first operation. Called once, by the accept loop.</summary>
    /// <param name="banner">What the client is sent before anything is echoed; null: nothing.</param>
    public void Start(byte[]? banner)
    {
        PrepareReceive();
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
            _prologue = new Prologue { Banner = banner };
            SendBanner(banner);
        }

        Continue();
    }

    /// <summary>Goes on with the loop after a wait for its turn.</summary>
    public void Continue() => Run(completed: false);

    /// <summary>Goes on with the loop: the operation that was outstanding has completed.</summary>
    public void OnOperationCompleted() => Run(completed: true);

    /// <summary>Has the processor fetch what the next message will touch.</summary>
    public void FetchPartsIntoCache() => ConnectionCacheHints.FetchParts(_args, _buffer.Small, Socket);

    /// <summary>Frees everything, the first time that it is called. For the loop, and for its detour when that is the last to stop.</summary>
    public void Free(CloseReason reason, CloseOutcome outcome)
    {
        if (TrySettle(reason, outcome))
        {
            _buffer.Return(_args);
            Context.EventArgs.Return(_args);
            Context.Ended(this);
        }
    }

    /// <summary>Who is behind a failed operation.</summary>
    public static CloseReason Classify(SocketError error) => error is
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.NotConnected
        ? CloseReason.ClientReset
        : CloseReason.Error;

    /// <param name="completed">Whether the prepared operation has been carried out already.</param>
    private void Run(bool completed)
    {
        var byEvent = completed;
        try
        {
            for (var operations = OperationsPerTurn; ; operations--)
            {
                // More is there after a full read, so nothing is gained by a wait before the turn is over.
                var mayWait = completed && _operation == Operation.Send && !_buffer.IsFilled;
                if (completed && !Complete(byEvent))
                {
                    return;
                }

                // Never with bytes in hand: they go out first.
                var turnIsOver = operations <= 0;
                if (_operation < Operation.Send && (mayWait || turnIsOver) && Context.Turnstiles.TryYield(this, turnIsOver))
                {
                    return;
                }

                // More is likely to be there after a full read, and after a wait for the turn.
                if (_operation == Operation.WaitForData && (_buffer.IsFilled || !completed) && TryReceiveLarge(out var goesOn))
                {
                    if (!goesOn)
                    {
                        return;
                    }

                    completed = false;
                }
                else if (Begin())
                {
                    return;
                }
                else
                {
                    completed = true;
                    byEvent = false;
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

    /// <summary>Starts the prepared operation. True: it is outstanding and the loop goes on when it completes.</summary>
    private bool Begin() => _operation >= Operation.Send ? Socket!.SendAsync(_args) : Socket!.ReceiveAsync(_args);

    /// <summary>Reads into a large segment what is there already, and prepares to send it back.</summary>
    /// <param name="goesOn">Whether the loop does.</param>
    /// <returns>False: nothing is there, or there is no large segment.</returns>
    private bool TryReceiveLarge(out bool goesOn)
    {
        goesOn = true;
        // What is read while closing is only discarded.
        if (Progress.Phase == ConnectionPhase.Closing || !_buffer.TryOfferLarge(_args))
        {
            return false;
        }

        // The kernel's socket does not block since its first asynchronous operation; for calls like this .NET must not either.
        var socket = Socket!;
        if (socket.Blocking)
        {
            socket.Blocking = false;
        }

        var count = socket.Receive(_args.MemoryBuffer.Span.Slice(_args.Offset, _args.Count), SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            PrepareReceive();
            return false;
        }

        if (error == SocketError.Success && count > 0)
        {
            goesOn = Echo(_args.Offset, count);
            return true;
        }

        _buffer.ReturnLarge(_args);
        goesOn = EndOfStream(error, CloseReason.ClientFin);
        return true;
    }

    /// <summary>Deals with the operation that completed and prepares the next. False: the connection has ended.</summary>
    /// <param name="byEvent">Whether it took an event to complete it.</param>
    private bool Complete(bool byEvent) => _operation switch
    {
        Operation.Receive => OnReceived(),
        Operation.Send => OnSent(),
        Operation.ReceiveHeader => OnHeaderReceived(),
        Operation.SendBanner => OnBannerSent(),
        _ => OnDataWaiting(mayBeInVain: byEvent),
    };

    private bool OnReceived()
    {
        var count = _args.BytesTransferred;
        if (_args.SocketError != SocketError.Success || count == 0)
        {
            return EndOfStream(_args.SocketError, CloseReason.ClientFin);
        }

        return Echo(_args.Offset, count);
    }

    private bool OnHeaderReceived()
    {
        var count = _args.BytesTransferred;
        if (_args.SocketError != SocketError.Success || count == 0)
        {
            return EndOfStream(_args.SocketError, CloseReason.ProxyHeader);
        }

        var prologue = _prologue!;
        var status = prologue.Header!.Read(_args.Buffer.AsSpan(_args.Offset, count), out var consumed, out var client);
        Figures.OnDiscarded(status == ProxyHeaderStatus.Complete ? consumed : count);
        if (status == ProxyHeaderStatus.Incomplete)
        {
            return true;
        }

        _prologue = null;
        if (status == ProxyHeaderStatus.Invalid)
        {
            Close(CloseReason.ProxyHeader);
            PrepareReceive();
            return true;
        }

        Identify(client);
        PrepareReceive();
        var (offset, rest) = (_args.Offset + consumed, count - consumed);
        if (!Progress.TryEndHeader())
        {
            // A close came first.
            Figures.OnDiscarded(rest);
            return true;
        }

        Context.Faults.Meet(this);
        if (prologue.Banner is not { } banner)
        {
            return rest == 0 || Echo(offset, rest);
        }

        if (SendBanner(banner))
        {
            (prologue.Offset, prologue.Count, _prologue) = (offset, rest, prologue);
        }
        else
        {
            Figures.OnDiscarded(rest);
        }

        return true;
    }

    /// <summary>Prepares to send the banner.</summary>
    /// <returns>False: a close came first, and things are left as they are.</returns>
    private bool SendBanner(byte[] banner)
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
        if (_args.SocketError != SocketError.Success)
        {
            return End(Classify(_args.SocketError), CloseOutcome.CutByClient);
        }

        var count = _args.BytesTransferred;
        if (count < _args.Count)
        {
            _args.SetBuffer(_args.Offset + count, _args.Count - count);
            return true;
        }

        var prologue = _prologue!;
        _prologue = null;
        PrepareReceive();
        if (prologue.Count > 0 && Detour is null)
        {
            // It is in hand as the banner was: a close that came meanwhile waits for it too.
            SendBack(prologue.Offset, prologue.Count);
            return true;
        }

        if (!Progress.TryEndEcho() && Progress.TryFinish())
        {
            SendFin();
        }

        return prologue.Count == 0 || Echo(prologue.Offset, prologue.Count);
    }

    /// <summary>Prepares to send back what is in the buffer.</summary>
    private bool Echo(int offset, int count)
    {
        // All that a message pays for faults while none has hold of the connection.
        if (Detour is { } detour && detour.TryTake(_args.Buffer.AsSpan(offset, count)))
        {
            _buffer.NoteFill(count, _args.Count);
            PrepareReceive();
            return detour.MayRead();
        }

        if (!Progress.TryBeginEcho())
        {
            // Our FIN went out while this was on its way: it is not echoed, and so not counted as received.
            Figures.OnDiscarded(count);
            PrepareReceive();
            return true;
        }

        SendBack(offset, count);
        return true;
    }

    /// <summary>Prepares to send back what is in the buffer, once it is said that it will be.</summary>
    private void SendBack(int offset, int count)
    {
        var counters = Context.Counters.Current;
        counters.Received += count;
        Figures.OnReceived(count, Context.Clock.Now);
        if (counters.IsSampleDue())
        {
            _sampledAt = Stopwatch.GetTimestamp();
        }

        _buffer.NoteFill(count, _args.Count);
        _args.SetBuffer(offset, count);
        _operation = Operation.Send;
    }

    private bool OnSent()
    {
        var count = _args.BytesTransferred;
        Figures.OnSent(count, Context.Clock.Now);
        Context.Counters.Current.Sent += count;
        if (_args.SocketError != SocketError.Success)
        {
            return End(Classify(_args.SocketError), CloseOutcome.CutByClient);
        }

        if (count < _args.Count)
        {
            _args.SetBuffer(_args.Offset + count, _args.Count - count);
            return true;
        }

        if (_sampledAt != 0)
        {
            Context.Observer.RecordTurnaround(Stopwatch.GetElapsedTime(_sampledAt));
            _sampledAt = 0;
        }

        // Else it was closed meanwhile, or aborted: then the next operation finds the socket disposed.
        if (!Progress.TryEndEcho() && Progress.TryFinish())
        {
            SendFin();
        }

        PrepareReceive();
        return true;
    }

    private bool OnDataWaiting(bool mayBeInVain)
    {
        if (_args.SocketError != SocketError.Success)
        {
            return End(Classify(_args.SocketError), CloseOutcome.CutByClient);
        }

        // An event may be older than the read that took its bytes: the runtime does not look again (SocketAsyncContext).
        // Then, and at the end of the stream, the small segment does.
        if (!mayBeInVain || Socket!.Available > 0)
        {
            PrepareLargeReceive();
        }
        else
        {
            PrepareSmallReceive();
        }

        return true;
    }

    private void PrepareReceive()
    {
        _buffer.ReturnLarge(_args);
        if (_buffer.IsBusy && Progress.Phase != ConnectionPhase.Closing)
        {
            _operation = Operation.WaitForData;
            _buffer.OfferNothing(_args);
        }
        else
        {
            PrepareSmallReceive();
        }
    }

    private void PrepareSmallReceive()
    {
        _operation = Operation.Receive;
        _buffer.OfferSmall(_args);
    }

    private void PrepareLargeReceive()
    {
        // What is read while closing is only discarded.
        if (Progress.Phase == ConnectionPhase.Closing || !_buffer.TryOfferLarge(_args))
        {
            _buffer.OfferSmall(_args);
        }

        _operation = Operation.Receive;
    }

    /// <summary>A receive has found the end of the stream, or an error.</summary>
    private bool EndOfStream(SocketError error, CloseReason byFin)
    {
        if (error != SocketError.Success)
        {
            return End(Classify(error), CloseOutcome.CutByClient);
        }

        return !(Detour is { } detour && detour.TryKeepAfterFin()) && End(byFin, CloseOutcome.InOrder);
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
