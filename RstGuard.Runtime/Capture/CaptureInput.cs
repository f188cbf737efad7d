using System.IO.MemoryMappedFiles;

namespace RstGuard.Capture;

/// <summary>The bytes of a capture file in their order, without a copy of their own where the file can be mapped.</summary>
internal abstract class CaptureInput : IDisposable
{
    /// <summary>How many bytes were passed.</summary>
    public long Position { get; protected set; }

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
    public abstract ReadOnlySpan<byte> Peek(int count);

    /// <summary>Passes <paramref name="count"/> bytes.</summary>
    /// <returns>False where the input ends before.</returns>
    /// <exception cref="CaptureFileException">The operating system could not read them.</exception>
    public abstract bool Skip(long count);

    public abstract void Dispose();

    private sealed unsafe class Mapped : CaptureInput
    {
        private readonly MemoryMappedFile _file;
        private readonly MemoryMappedViewAccessor _view;
        private readonly byte* _start;
        private readonly long _length;
        private bool _disposed;

        public Mapped(FileStream file)
        {
            _length = file.Length;
            _file = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            _view = _file.CreateViewAccessor(0, _length, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
            _start += _view.PointerOffset;
        }

        public override ReadOnlySpan<byte> Peek(int count) =>
            _disposed ? default : new(_start + Position, (int)Math.Min(count, _length - Position));

        public override bool Skip(long count)
        {
            bool whole = count <= _length - Position;
            Position += Math.Min(count, _length - Position);
            return whole;
        }

        public override void Dispose()
        {
            if (!_disposed)
            {
                _disposed = true;
                _view.SafeMemoryMappedViewHandle.ReleasePointer();
                _view.Dispose();
                _file.Dispose();
            }
        }
    }

    private sealed class Streamed(Stream stream) : CaptureInput
    {
        private byte[] _buffer = new byte[1 << 18];
        private int _start;
        private int _end;

        public override ReadOnlySpan<byte> Peek(int count)
        {
            if (_end - _start < count)
            {
                Fill(count);
            }

            return _buffer.AsSpan(_start, Math.Min(count, _end - _start));
        }

        public override bool Skip(long count)
        {
            while (count > _end - _start)
            {
                count -= _end - _start;
                Position += _end - _start;
                _start = _end = 0;
                Fill(1);
                if (_end == 0)
                {
                    return false;
                }
            }

            _start += (int)count;
            Position += count;
            return true;
        }

        public override void Dispose() => stream.Dispose();

        private void Fill(int count)
        {
            if (_buffer.Length - _start < count)
            {
                byte[] target = count > _buffer.Length ? new byte[count] : _buffer;
                _buffer.AsSpan(_start, _end - _start).CopyTo(target);
                _buffer = target;
                _end -= _start;
                _start = 0;
            }

            try
            {
                int read;
                while (_end - _start < count && (read = stream.Read(_buffer, _end, _buffer.Length - _end)) > 0)
                {
                    _end += read;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException or InvalidDataException)
            {
                throw new CaptureFileException($"the file could not be read any further: {exception.Message}", Position + _end - _start, exception);
            }
        }
    }
}
