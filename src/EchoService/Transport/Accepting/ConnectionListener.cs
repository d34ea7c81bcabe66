using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Timing;

namespace EchoService.Transport.Accepting;

/// <summary>
/// A bound, listening socket and its accept loops: one for each of <c>Echo:PendingAccepts</c>. No error ends them;
/// closing the listener does.
/// </summary>
internal sealed class ConnectionListener
{
    /// <summary>The time between the last two packets of a handshake in one network, and some more.</summary>
    private static readonly TimeSpan LastPacket = TimeSpan.FromMilliseconds(10);

    /// <summary>How long handshakes that are half done are waited for in all; those that a flood began never end.</summary>
    private static readonly TimeSpan LastPackets = TimeSpan.FromSeconds(1);

    private readonly ListenerContext _context;
    private readonly Socket _socket;
    private readonly bool _waitAtLimit;
    private readonly DescriptorReserve _descriptors;
    private readonly Backoff _backoff;
    private volatile bool _closed;

    private ConnectionListener(ListenerContext context, ListenerKind kind, Socket socket, DescriptorReserve descriptors)
    {
        _context = context;
        Kind = kind;
        _socket = socket;
        _waitAtLimit = context.Options.LimitPolicy == LimitPolicy.Queue;
        _descriptors = descriptors;
        _backoff = new Backoff(context.TimeProvider, (error, delay) => Log.AcceptBackedOff(context.Logger, error, delay));
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>What those who connect here get.</summary>
    public ListenerKind Kind { get; }

    /// <summary>What was bound, with the real port where 0 was asked for.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Whether <see cref="Close"/> was called.</summary>
    public bool IsClosed => _closed;

    /// <summary>Listens. Clients that connect from here on wait in the backlog until <see cref="Start"/>.</summary>
    /// <param name="context">What it shares with others, and whose its clients will be.</param>
    /// <param name="kind">What those who connect here get.</param>
    /// <param name="port">What to listen on; not held any more afterwards.</param>
    /// <param name="descriptors">What is held for when there are no more, by all listeners together.</param>
    /// <exception cref="SocketException">Somebody who shares listens on the port.</exception>
    public static ConnectionListener Listen(ListenerContext context, ListenerKind kind, BoundPort port, DescriptorReserve descriptors) =>
        new(context, kind, port.Listen(context.Options.Backlog), descriptors);

    /// <summary>Starts to accept.</summary>
    public void Start()
    {
        for (var i = 0; i < _context.Options.PendingAccepts; i++)
        {
            Accept(new AcceptEventArgs(this));
        }
    }

    /// <summary>Accepts whom the kernel has already connected, and then no more, for good.</summary>
    public void Close()
    {
        HandshakeStop.Apply(_socket);
        AcceptWaiting();
        // A handshake that was half done goes past the filter: its client takes itself for connected, and its last packet
        // may still be on its way.
        var began = Stopwatch.GetTimestamp();
        bool isOneLeft;
        do
        {
            Thread.Sleep(LastPacket);
            isOneLeft = HandshakeStop.IsOneHalfDone(EndPoint.Port);
            AcceptWaiting();
        }
        while (isOneLeft && Stopwatch.GetElapsedTime(began) < LastPackets);

        _closed = true;
        ListeningSocket.Close(_socket);
        _descriptors.Close();
    }

    /// <summary>Runs an accept loop that has nothing outstanding.</summary>
    public void Accept(AcceptEventArgs args) => Loop(args, accepted: null);

    /// <summary>Goes on with whom a loop has accepted and was not to let in.</summary>
    public void LetIn(AcceptEventArgs args, Socket accepted) => Loop(args, accepted);

    /// <summary>Goes on with a loop whose accept has completed.</summary>
    public void OnAcceptCompleted(AcceptEventArgs args)
    {
        if (TryTakeSocket(args, out var accepted))
        {
            Loop(args, accepted);
        }
    }

    /// <summary>Empties the backlog, without a wait: who is left in it when the socket is closed would be reset, uncounted.</summary>
    private void AcceptWaiting()
    {
        var isShort = false;
        _socket.Blocking = false;
        // The backlog holds one more than it was asked for. Where more come meanwhile, they must not keep this up for ever.
        for (var left = _context.Options.Backlog + 1; left > 0; left--)
        {
            try
            {
                var accepted = _socket.Accept();
                if (isShort)
                {
                    // Its descriptor is needed for the next one.
                    _context.TurnAway(accepted, RejectReason.Draining);
                }
                else
                {
                    _context.Admit(accepted, Kind, false);
                }
            }
            catch (SocketException exception) when (exception.SocketErrorCode != SocketError.WouldBlock
                && AcceptErrors.Classify(exception.SocketErrorCode) == AcceptError.Aborted)
            {
                _context.Counters.CountAcceptError(AcceptError.Aborted);
            }
            catch (SocketException exception) when (!isShort && AcceptErrors.Classify(exception.SocketErrorCode) == AcceptError.Descriptors)
            {
                isShort = true;
                left++;
                _descriptors.Close();
            }
            catch (SocketException)
            {
                // Nobody waits any more, or nobody can be accepted.
                return;
            }
        }
    }

    private void Loop(AcceptEventArgs args, Socket? accepted)
    {
        bool completed;
        do
        {
            if (accepted is not null && _context.Gate.TryHold(args, accepted))
            {
                return;
            }

            // The next accept is posted before the first receive of the client at hand, which may run for a whole turn.
            completed = Post(args);
            if (accepted is not null)
            {
                _context.Admit(accepted, Kind, _waitAtLimit);
            }
        }
        while (completed && TryTakeSocket(args, out accepted));
    }

    /// <summary>Posts an accept. True: it completed at once. False: it is outstanding, waits for a place, or the listener is closed.</summary>
    private bool Post(AcceptEventArgs args)
    {
        if (_closed)
        {
            return false;
        }

        if (!_descriptors.TryHold())
        {
            BackOff(args, SocketError.TooManyOpenSockets);
            return false;
        }

        if (_waitAtLimit && !_context.Limit.TryTakeOrWait(args))
        {
            return false;
        }

        args.AcceptSocket = null;
        try
        {
            return !_socket.AcceptAsync(args);
        }
        catch (ObjectDisposedException)
        {
            GiveBackPlace();
            return false;
        }
    }

    /// <summary>Takes what an accept brought. False: the loop stops here, for good or until a backoff is over.</summary>
    private bool TryTakeSocket(AcceptEventArgs args, out Socket? accepted)
    {
        accepted = null;
        if (args.SocketError == SocketError.Success)
        {
            _backoff.Reset();
            accepted = args.AcceptSocket;
            return true;
        }

        GiveBackPlace();
        if (_closed)
        {
            args.Dispose();
            return false;
        }

        if (AcceptErrors.Classify(args.SocketError) == AcceptError.Aborted)
        {
            _context.Counters.CountAcceptError(AcceptError.Aborted);
            return true;
        }

        BackOff(args, args.SocketError);
        return false;
    }

    private void BackOff(AcceptEventArgs args, SocketError socketError)
    {
        var error = AcceptErrors.Classify(socketError);
        _context.Counters.CountAcceptError(error);
        if (error == AcceptError.Descriptors)
        {
            _descriptors.Release();
        }

        args.ContinueAfter(_backoff.Next(socketError), _context.TimeProvider);
    }

    private void GiveBackPlace()
    {
        if (_waitAtLimit)
        {
            _context.Limit.GiveBack();
        }
    }
}
