using System.Net.Sockets;

namespace EchoService.Transport.Accepting;

/// <summary>The event args of one outstanding accept.</summary>
internal sealed class AcceptEventArgs(ConnectionListener listener) : SocketAsyncEventArgs(true)
{
    private ITimer? _backoff;

    /// <summary>Whether its listener is closed, so that it will never accept again.</summary>
    public bool IsClosed => listener.IsClosed;

    /// <summary>Goes on accepting, now that there is a free place.</summary>
    public void Continue() => ThreadPool.UnsafeQueueUserWorkItem(static args => args.Accept(), this, preferLocal: false);

    /// <summary>Goes on with whom it has accepted.</summary>
    public void Continue(Socket accepted) =>
        ThreadPool.UnsafeQueueUserWorkItem(static work => work.Args.LetIn(work.Accepted), (Args: this, Accepted: accepted), preferLocal: false);

    /// <summary>Goes on accepting when <paramref name="delay"/> is over.</summary>
    public void ContinueAfter(TimeSpan delay, TimeProvider timeProvider)
    {
        _backoff?.Dispose();
        _backoff = timeProvider.CreateTimer(static state => ((AcceptEventArgs)state!).Accept(), this, delay, Timeout.InfiniteTimeSpan);
    }

    protected override void OnCompleted(SocketAsyncEventArgs e) => listener.OnAcceptCompleted(this);

    private void LetIn(Socket accepted) => listener.LetIn(this, accepted);

    private void Accept() => listener.Accept(this);
}
