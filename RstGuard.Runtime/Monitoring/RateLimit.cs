namespace RstGuard.Monitoring;

/// <summary>Lets so many things a second pass. For one thread.</summary>
internal sealed class RateLimit(int perSecond)
{
    private long _second;
    private int _passed;

    public bool TryPass()
    {
        long second = Environment.TickCount64 / 1000;
        if (second != _second)
        {
            _second = second;
            _passed = 0;
        }

        if (_passed == perSecond)
        {
            return false;
        }

        _passed++;
        return true;
    }
}
