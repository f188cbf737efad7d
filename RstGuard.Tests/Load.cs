namespace RstGuard.Tests;

/// <summary>Threads that do nothing but run.</summary>
internal sealed class Load : IDisposable
{
    private volatile bool _ended;

    public Load(int threads)
    {
        for (int i = 0; i < threads; i++)
        {
            new Thread(Run) { IsBackground = true, Name = "load" }.Start();
        }
    }

    public void Dispose() => _ended = true;

    private void Run()
    {
        while (!_ended)
        {
            Thread.SpinWait(1000);
        }
    }
}
