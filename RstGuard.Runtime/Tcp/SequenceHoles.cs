namespace RstGuard.Tcp;

/// <summary>
/// Ranges of sequence numbers that a capture passed over. It may show segments in another order than they were sent in, when two processors
/// send them; then the ranges fill. Of a lost segment one stays. Bounded: what is passed over while all places are taken is not counted later.
/// </summary>
internal sealed class SequenceHoles
{
    private const int Most = 16;

    private readonly (uint Start, uint End)[] _holes = new (uint, uint)[Most];
    private int _count;

    /// <summary>Whether something was passed over that has not been seen since.</summary>
    public bool IsOpen => _count > 0 || IsOverfull;

    /// <summary>Whether there was no place for one, so that it can't be known whether it fills.</summary>
    public bool IsOverfull { get; private set; }

    /// <summary>Remembers that the numbers from <paramref name="start"/> to before <paramref name="end"/> were not seen.</summary>
    public void Add(uint start, uint end)
    {
        if (_count < Most)
        {
            _holes[_count++] = (start, end);
        }
        else
        {
            IsOverfull = true;
        }
    }

    /// <summary>How many of the numbers from <paramref name="start"/> to before <paramref name="end"/> are seen now and were not before.</summary>
    public long Fill(uint start, uint end)
    {
        long filled = 0;
        for (int i = _count - 1; i >= 0; i--)
        {
            (uint from, uint to) = _holes[i];
            uint first = Sequence.IsAfter(start, from) ? start : from;
            uint last = Sequence.IsAfter(to, end) ? end : to;
            if (!Sequence.IsAfter(last, first))
            {
                continue;
            }

            filled += Sequence.Distance(first, last);
            _holes[i] = _holes[--_count];
            if (first != from)
            {
                Add(from, first);
            }

            if (last != to)
            {
                Add(last, to);
            }
        }

        return filled;
    }
}
