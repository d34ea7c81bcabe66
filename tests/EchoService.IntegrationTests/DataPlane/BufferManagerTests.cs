using EchoService.Transport.Buffers;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Whose a segment is.</summary>
public sealed class BufferManagerTests
{
    private const int Small = 64;
    private const int Large = 1024;

    [Fact]
    public void AThreadReceivesIntoTheSameSegmentAgain()
    {
        var manager = new BufferManager(Small, Large, 10 * Large);
        var mine = manager.OfThisThread();
        mine.Length.ShouldBe(Large);
        manager.OfThisThread().Array.ShouldBeSameAs(mine.Array);
        (manager.BytesInUse, manager.BytesReserved).ShouldBe((0, Large));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Small)]
    public void ALittleIsCopiedAndTheThreadKeepsItsSegment(int count)
    {
        var manager = new BufferManager(Small, Large, 10 * Large);
        var mine = manager.OfThisThread();
        Fill(mine.Span);
        var kept = manager.Keep(mine.Slice(7, count), out var lent);
        manager.BytesInUse.ShouldBe(Small);
        manager.OfThisThread().Array.ShouldBeSameAs(mine.Array);
        var expected = mine.Slice(7, count).Span.ToArray();
        mine.Span.Clear();
        kept.Span.ToArray().ShouldBe(expected);
        lent.Length.ShouldBe(Small);

        manager.Return(lent);
        manager.BytesInUse.ShouldBe(0);
        manager.Keep(manager.OfThisThread()[..1], out var again);
        again.ShouldBe(lent);
    }

    [Fact]
    public void MoreIsNotCopiedAndTheThreadTakesAnother()
    {
        var manager = new BufferManager(Small, Large, 10 * Large);
        var mine = manager.OfThisThread();
        Fill(mine.Span);
        var kept = manager.Keep(mine[9..(9 + Small + 1)], out var lent);
        (kept.Array, kept.Offset, kept.Length).ShouldBe((mine.Array, 9, Small + 1));
        lent.ShouldBe(mine);
        manager.BytesInUse.ShouldBe(Large);

        var next = manager.OfThisThread();
        next.Array.ShouldNotBeSameAs(mine.Array);
        manager.BytesReserved.ShouldBe(2 * Large);
        var expected = mine.Slice(9, Small + 1).Span.ToArray();
        next.Span.Clear();
        kept.Span.ToArray().ShouldBe(expected);

        // What comes back is there for the next.
        manager.Return(lent);
        manager.BytesInUse.ShouldBe(0);
        manager.Keep(next, out _);
        manager.OfThisThread().Array.ShouldBeSameAs(mine.Array);
        manager.BytesReserved.ShouldBe(2 * Large);
    }

    [Fact]
    public void WhileMemoryIsShortNoMoreIsReceivedThanASmallOneHolds()
    {
        var manager = new BufferManager(Small, Large, 3 * Large);
        var lent = new Stack<BufferSegment>();
        for (var i = 0; i < 2; i++)
        {
            manager.OfThisThread().Length.ShouldBe(Large);
            manager.Keep(manager.OfThisThread(), out var segment);
            lent.Push(segment);
        }

        // The third is this thread's, and there would be no fourth.
        for (var i = 0; i < 100; i++)
        {
            manager.OfThisThread().Length.ShouldBe(Small);
            manager.Keep(manager.OfThisThread(), out var segment);
            segment.Length.ShouldBe(Small);
            lent.Push(segment);
        }

        manager.BytesInUse.ShouldBe((2 * Large) + (100 * Small));
        while (lent.TryPop(out var segment))
        {
            manager.Return(segment);
        }

        manager.BytesInUse.ShouldBe(0);
        manager.OfThisThread().Length.ShouldBe(Large);
    }

    [Fact]
    public void AThreadAlwaysHasOneHoweverLittleThereIs()
    {
        var manager = new BufferManager(Small, Large, 0);
        var mine = manager.OfThisThread();
        mine.Length.ShouldBe(Small);
        manager.Keep(mine, out var lent);
        lent.Length.ShouldBe(Small);
        manager.Return(lent);
        manager.OfThisThread().Array.ShouldBeSameAs(mine.Array);
    }

    [Fact]
    public void WhereTheLargestIsTheSmallestAllIsCopied()
    {
        var manager = new BufferManager(Small, Small, 10 * Small);
        var mine = manager.OfThisThread();
        manager.Keep(mine, out var lent);
        lent.Array.ShouldNotBeSameAs(mine.Array);
        manager.OfThisThread().Array.ShouldBeSameAs(mine.Array);
        manager.Return(lent);
        manager.BytesInUse.ShouldBe(0);
    }

    [Fact]
    public void AThreadThatGoesToAnotherServerLeavesItsSegmentToTheFirst()
    {
        var (one, other) = (new BufferManager(Small, Large, 10 * Large), new BufferManager(Small, Large, 10 * Large));
        var first = one.OfThisThread();
        other.OfThisThread().Array.ShouldNotBeSameAs(first.Array);
        one.OfThisThread().Array.ShouldBeSameAs(first.Array);
        (one.BytesReserved, other.BytesReserved).ShouldBe((Large, Large));
    }

    [Fact]
    public void TheSegmentOfAThreadThatIsGoneComesBack()
    {
        var manager = new BufferManager(Small, Large, 10 * Large);
        byte[]? array = null;
        RunOnAThreadOfItsOwn();
        for (var attempt = 0; attempt < 100; attempt++)
        {
            // Only what a finalizer has put back is handed out again.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            var mine = manager.OfThisThread();
            if (ReferenceEquals(mine.Array, array))
            {
                manager.BytesReserved.ShouldBe((attempt + 1) * Large);
                return;
            }

            manager.Keep(mine, out _);
        }

        Assert.Fail("It never came back.");

        void RunOnAThreadOfItsOwn()
        {
            var thread = new Thread(() => array = manager.OfThisThread().Array);
            thread.Start();
            thread.Join();
        }
    }

    private static void Fill(Span<byte> span)
    {
        for (var i = 0; i < span.Length; i++)
        {
            span[i] = (byte)(i * 31);
        }
    }
}
