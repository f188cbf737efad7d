using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RstGuard.Capture;

/// <summary>
/// The bytes of a capture file in their order, without a copy of their own where the file can be mapped. Either way they are looked at
/// through a window that moves on, so that memory does not grow with the file.
/// </summary>
internal abstract unsafe class CaptureInput : IDisposable
{
    private byte* _next;
    private int _available;

    /// <summary>How many bytes were passed.</summary>
    public long Position { get; private set; }

    /// <summary>A regular file is mapped; a pipe, or a file that doesn't tell its length, is read as a stream.</summary>
    public static CaptureInput Open(string path)
    {
        FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        try
        {
            return file.CanSeek && file.Length > 0 ? new Mapped(file) : new Streamed(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public static CaptureInput Over(Stream stream) => new Streamed(stream);

    /// <summary>The next bytes, fewer than <paramref name="count"/> only where the input ends. Valid until the next call.</summary>
    /// <exception cref="CaptureFileException">The operating system could not read them.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Peek(int count)
    {
        if (_available < count)
        {
            Load(count);
        }

        return new(_next, Math.Min(count, _available));
    }

    /// <summary>Passes <paramref name="count"/> bytes.</summary>
    /// <returns>False where the input ends before.</returns>
    /// <exception cref="CaptureFileException">The operating system could not read them.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Skip(long count)
    {
        if (count > _available)
        {
            return SkipBeyond(count);
        }

        _next += count;
        _available -= (int)count;
        Position += count;
        return true;
    }

    public virtual void Dispose() => SetWindow(null, 0);

    /// <summary>Sets the window at <see cref="Position"/>, of <paramref name="count"/> bytes or more where the input has them.</summary>
    protected abstract void Load(int count);

    /// <summary>Passes more than the window has.</summary>
    protected abstract bool SkipBeyond(long count);

    /// <summary>Looks at other bytes from now on, which begin at <see cref="Position"/>.</summary>
    protected void SetWindow(byte* start, int length)
    {
        _next = start;
        _available = length;
    }

    /// <summary>Passes what the window has left.</summary>
    /// <returns>How much that was.</returns>
    protected int PassWindow()
    {
        int passed = _available;
        Position += passed;
        SetWindow(null, 0);
        return passed;
    }

    private sealed class Mapped : CaptureInput
    {
        /// <summary>Large beside any packet, and little enough to stay in memory together with what else is there.</summary>
        private const int WindowLength = 32 << 20;

        private readonly MemoryMappedFile _file;
        private readonly long _length;
        private MemoryMappedViewAccessor? _view;
        private bool _disposed;

        public Mapped(FileStream file)
        {
            _length = file.Length;
            _file = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        }

        public override void Dispose()
        {
            if (!_disposed)
            {
                _disposed = true;
                Unmap();
                _file.Dispose();
            }
        }

        protected override void Load(int count)
        {
            int length = (int)Math.Min(_length - Position, Math.Max(WindowLength, count));
            if (_disposed || length == _available)
            {
                return;
            }

            Unmap();
            byte* start = null;
            try
            {
                _view = _file.CreateViewAccessor(Position, length, MemoryMappedFileAccess.Read);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new CaptureFileException($"the file could not be read any further: {exception.Message}", Position, exception);
            }

            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            SetWindow(start + _view.PointerOffset, length);
        }

        protected override bool SkipBeyond(long count)
        {
            if (_disposed)
            {
                return false;
            }

            bool whole = count <= _length - Position;
            Position += Math.Min(count, _length - Position);
            Unmap();
            return whole;
        }

        private void Unmap()
        {
            SetWindow(null, 0);
            if (_view is not null)
            {
                _view.SafeMemoryMappedViewHandle.ReleasePointer();
                _view.Dispose();
                _view = null;
            }
        }
    }

    private sealed class Streamed(Stream stream) : CaptureInput
    {
        private byte[] _buffer = NewBuffer(1 << 18);

        public override void Dispose()
        {
            base.Dispose();
            stream.Dispose();
        }

        protected override void Load(int count)
        {
            // The window begins again at the buffer's start, which grows as bytes come: a length may be claimed that never does.
            new ReadOnlySpan<byte>(_next, _available).CopyTo(_buffer);
            int end = _available;
            try
            {
                while (end < count)
                {
                    if (end == _buffer.Length)
                    {
                        byte[] longer = NewBuffer((int)Math.Min(count, 2L * end));
                        _buffer.CopyTo(longer, 0);
                        _buffer = longer;
                    }

                    int read = stream.Read(_buffer, end, _buffer.Length - end);
                    if (read == 0)
                    {
                        break;
                    }

                    end += read;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException or InvalidDataException)
            {
                throw new CaptureFileException($"the file could not be read any further: {exception.Message}", Position + end, exception);
            }
            finally
            {
                SetWindow((byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_buffer, 0), end);
            }
        }

        protected override bool SkipBeyond(long count)
        {
            while (count > _available)
            {
                count -= PassWindow();
                Load(1);
                if (_available == 0)
                {
                    return false;
                }
            }

            return Skip(count);
        }

        private static byte[] NewBuffer(int length) => GC.AllocateUninitializedArray<byte>(length, pinned: true);
    }
}
