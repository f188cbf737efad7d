using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Tracing;
using System.Net;
using System.Net.Sockets;

namespace RstGuard.CallSites;

/// <summary>
/// What this process does to its TCP sockets, told by the runtime's own events: which connections are its own, in which async
/// flow each came into being, and where, how and in what state each was closed. One per process while anybody holds a lease.
/// </summary>
/// <remarks>
/// The events fire on the thread that creates or closes the socket, before the system call they announce. So the descriptor is
/// still open when a handler reads it, and the stack is the closing code's. Only <see cref="EventLevel.Informational"/> is ever
/// asked for: Verbose copies payload into the events.
/// </remarks>
internal sealed class SocketEventLog
{
    /// <summary>Whoever sets it owns the sockets that are created in the same async flow from then on.</summary>
    internal static readonly AsyncLocal<object?> FlowOwner = new();

    internal const string RuntimeSource = "Private.InternalDiagnostics.System.Net.Sockets";
    internal const EventKeywords RuntimeKeywords = (EventKeywords)1; // NetEventSource.Keywords.Default

    // The public source: it alone tells where to a flow connects; an asynchronous connect ends outside of every flow.
    internal const string TelemetrySource = "System.Net.Sockets";
    private const int MaximumConnecting = 4_096;
    private const int MaximumHandles = 65_536;
    private const int MaximumConnections = 65_536;
    private const int MaximumUnresolvedLooks = 64;
    private const int MaximumFrames = 48;
    private const int MaximumStacks = 4_096;
    private const int UnknownTimeout = -2;
    private const int NotAsked = -3;

    private static readonly object LeaseGate = new();
    private static SocketEventLog? _current;
    private static int _leases;

    // What the runtime's events say does not change while a process runs.
    private static bool _trusted;

    private static readonly object Several = new();

    private readonly string _sourceName;
    private readonly SocketReader _reader;

    // One for each log: what one has taken the other needs too.
    private readonly ThreadLocal<object?> _closeTimeout = new();
    private readonly object _gate = new();
    private readonly Dictionary<int, OpenHandle> _handles = [];

    // Announced to be closed, and not closed yet.
    private readonly Dictionary<int, OpenHandle> _ending = [];
    private readonly HashSet<CapturedFrame[]> _stacks = new(new SameFrames());
    private readonly List<OpenHandle> _unresolved = [];
    private readonly List<OpenHandle> _listeners = [];
    private readonly Dictionary<Ends, List<OwnConnection>> _connections = [];
    private readonly Queue<Ends> _connectionOrder = new();
    private readonly Dictionary<int, List<OwnConnection>> _attempts = [];
    private readonly Dictionary<IPEndPoint, object> _connecting = [];
    private Listener? _listener;
    private Exception? _failure;
    private bool _handlesMissed;
    private bool _connectionsMissed;
    private int _attemptCount;
    private int _allStacks;

    private SocketEventLog(string sourceName, SocketReader reader) => (_sourceName, _reader) = (sourceName, reader);

    /// <summary>Told of each connection that was closed, when its state is known. It is called under a lock on the closing thread: it must be quick and call nothing here.</summary>
    public event Action<OwnConnection>? Closed;

    /// <summary>Why the events can't be trusted on this runtime; null where they can.</summary>
    public string? Distrust { get; private set; }

    /// <summary>What was not kept, in words; empty where everything was.</summary>
    public IReadOnlyList<string> Gaps
    {
        get
        {
            lock (_gate)
            {
                List<string> gaps = [];
                if (_failure is not null)
                {
                    gaps.Add($"reading a socket event failed: {_failure.GetType().Name}: {_failure.Message}");
                }

                if (_handlesMissed)
                {
                    gaps.Add($"more than {MaximumHandles} sockets were open at once; some are not known to the guard");
                }

                if (_connectionsMissed)
                {
                    gaps.Add($"more than {MaximumConnections} connections were made; the oldest are forgotten");
                }

                return gaps;
            }
        }
    }

    /// <summary>Starts listening, or joins those who listen already. Dispose the lease to end it.</summary>
    public static Lease Acquire()
    {
        lock (LeaseGate)
        {
            if (_current is null)
            {
                var log = new SocketEventLog(RuntimeSource, SocketReader.ForThisSystem);
                log.Start(trusted: _trusted);
                _trusted = log.Distrust is null;
                _current = log;
            }

            _leases++;
            return new Lease(_current, shared: true);
        }
    }

    /// <summary>A log of its own that listens to another event source; tests see by it what is made of events that can't be trusted.</summary>
    /// <param name="sourceName">The event source; the runtime's own where null.</param>
    /// <param name="reader">What reads sockets; this system's own where null.</param>
    internal static Lease AcquireAlone(string? sourceName = null, SocketReader? reader = null)
    {
        var log = new SocketEventLog(sourceName ?? RuntimeSource, reader ?? SocketReader.ForThisSystem);
        log.Start(trusted: false);
        return new Lease(log, shared: false);
    }

    /// <summary>The ends of this process's own sockets that match, the newest first; null where none does.</summary>
    /// <param name="local">The end that is asked about.</param>
    /// <param name="remote">The other end.</param>
    /// <param name="before">Connections and closes after this time do not count.</param>
    public OwnConnection? Find(IPEndPoint local, IPEndPoint remote, DateTimeOffset before)
    {
        lock (_gate)
        {
            ResolveUnresolved(int.MaxValue);
            if (!_connections.TryGetValue(new Ends(local, remote), out List<OwnConnection>? candidates))
            {
                return null;
            }

            for (int i = candidates.Count - 1; i >= 0; i--)
            {
                if (candidates[i].FirstSeen <= before)
                {
                    return candidates[i];
                }
            }

            return null;
        }
    }

    /// <summary>
    /// A socket of this process that had that local end when it tried to connect and did not get through: refused, or closed before;
    /// null where there is none. After a failed connect Linux keeps the port, not always the address.
    /// </summary>
    /// <param name="local">The end on the wire.</param>
    /// <param name="at">When the reset was captured.</param>
    /// <param name="closed">Whether it had been closed by then, as opposed to still trying.</param>
    public OwnConnection? FindAttempt(IPEndPoint local, DateTimeOffset at, bool closed)
    {
        lock (_gate)
        {
            ResolveUnresolved(int.MaxValue);
            if (_attempts.TryGetValue(local.Port, out List<OwnConnection>? candidates)
                && candidates.FindLast(candidate => Covers(candidate.Local, local) && candidate.FirstSeen <= at && (candidate.Close?.Time <= at) == closed) is { } found)
            {
                return found;
            }

            foreach (OpenHandle handle in closed ? [] : _unresolved)
            {
                if (handle.Created <= at && _reader.TryReadEndpoints(handle.Descriptor, out IPEndPoint? bound, out _) && Covers(bound!, local))
                {
                    return new OwnConnection(bound!, null, handle.Owner, accepted: false, handle.Created) { CreationFrames = handle.CreationFrames };
                }
            }

            return null;
        }
    }

    /// <summary>A listener of this process that is open on that end; null where there is none.</summary>
    public OwnConnection? FindOpenListener(IPEndPoint local)
    {
        lock (_gate)
        {
            ResolveUnresolved(int.MaxValue);
            return _listeners.FindLast(listener => Covers(listener.Local!, local)) is { } open
                ? new OwnConnection(open.Local!, null, open.Owner, accepted: false, open.Created)
                : null;
        }
    }

    /// <summary>The connections of this process, closed or not, that are known to have been connected from that time on.</summary>
    public IReadOnlyList<OwnConnection> ConnectedSince(DateTimeOffset time)
    {
        lock (_gate)
        {
            ResolveUnresolved(int.MaxValue);
            return [.. _connections.Values.SelectMany(same => same).Where(connection => connection.Remote is not null && connection.FirstSeen >= time)];
        }
    }

    /// <summary>
    /// Whether every socket that the flow's owner has made since that time, or nobody has where <paramref name="orNobody"/> is true, is closed,
    /// so that none of them can cause anything any more. Of a connection whose other end is not of this process, data may come
    /// after the close: false while such a close is younger than <paramref name="outsiders"/>.
    /// </summary>
    public bool AllClosed(object owner, bool orNobody, DateTimeOffset since, TimeSpan outsiders)
    {
        lock (_gate)
        {
            ResolveUnresolved(int.MaxValue);
            foreach (OpenHandle handle in _handles.Values)
            {
                if (handle.IsTcp && IsOf(handle.Owner) && handle.Created >= since && !_listeners.Contains(handle))
                {
                    return false;
                }
            }

            // The events come before what they tell: the descriptor is not closed yet.
            foreach (OpenHandle handle in _ending.Values)
            {
                if (IsOf(handle.Owner) && handle.Created >= since)
                {
                    return false;
                }
            }

            DateTimeOffset recently = DateTimeOffset.UtcNow - outsiders;
            foreach ((Ends ends, List<OwnConnection> same) in _connections)
            {
                if (ends.Remote is { } remote && same[^1] is { Close: { } close } last && close.LookedLast >= recently && IsOf(last.Owner)
                    && !_connections.ContainsKey(new Ends(remote, ends.Local)))
                {
                    return false;
                }
            }

            return true;
        }

        bool IsOf(object? of) => of == owner || (orNobody && of is null);
    }

    /// <summary>The last close of a listener of this process on that end before that time; null where there was none.</summary>
    public OwnConnection? FindListener(IPEndPoint local, DateTimeOffset before)
    {
        lock (_gate)
        {
            ResolveUnresolved(int.MaxValue);
            OwnConnection? found = null;
            foreach (Ends key in new[]
            {
                new Ends(local, null),
                new Ends(new IPEndPoint(IPAddress.Any, local.Port), null),
                new Ends(new IPEndPoint(IPAddress.IPv6Any, local.Port), null),
            })
            {
                if (_connections.TryGetValue(key, out List<OwnConnection>? candidates)
                    && candidates.LastOrDefault(candidate => candidate.Close is { } close && close.Time <= before) is { } last
                    && (found is null || last.Close!.Time > found.Close!.Time))
                {
                    found = last;
                }
            }

            return found;
        }
    }

    /// <summary>The connections of this process that were closed from that time on.</summary>
    public IReadOnlyList<OwnConnection> ClosedSince(DateTimeOffset time)
    {
        lock (_gate)
        {
            return [.. _connections.Values.SelectMany(same => same).Where(connection => connection is { Remote: not null, Close: { } close } && close.Time >= time).OrderBy(connection => connection.Close!.Time)];
        }
    }

    private void Start(bool trusted)
    {
        _listener = new Listener(this, _sourceName);
        Distrust = trusted ? null : SelfTest();
    }

    private void Stop() => _listener?.Dispose();

    // A connection to itself over loopback, closed in order: are the texts still those that were measured?
    private string? SelfTest()
    {
        object? flow = FlowOwner.Value;
        object tester = new();
        FlowOwner.Value = tester;
        IPEndPoint near, far;
        DateTimeOffset started = DateTimeOffset.UtcNow;
        try
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(listener.LocalEndPoint!);
            using Socket server = listener.Accept();
            near = (IPEndPoint)client.LocalEndPoint!;
            far = (IPEndPoint)client.RemoteEndPoint!;
            client.Shutdown(SocketShutdown.Send);

            // The other end has not ended yet: of a connection that is over, no stack is kept.
            client.Dispose();
        }
        catch (SocketException exception)
        {
            return $"trying them on a loopback connection failed: {exception.Message}";
        }
        finally
        {
            FlowOwner.Value = flow;
        }

        if (!_listener!.SourceSeen)
        {
            return $"the runtime's event source '{_sourceName}' does not exist or is switched off (EventSourceSupport, as trimming and native AOT set it).";
        }

        if (_failure is not null)
        {
            return $"reading one failed: {_failure.Message}";
        }

        OwnConnection? connected = Find(near, far, DateTimeOffset.UtcNow);
        OwnConnection? accepted = Find(far, near, DateTimeOffset.UtcNow);
        if (connected is null || accepted is null)
        {
            return "the events of a connection made for trying do not tell its descriptor; their text is not the one that is known.";
        }

        if (connected.Owner != tester)
        {
            return "the events do not come in the flow of the code that creates a socket.";
        }

        if (connected.Close is not { Origin: CloseOrigin.Plain, SeenWhole: true, AtClose.UnreadBytes: 0 } close || close.Time < started)
        {
            return "the events of a close made for trying do not tell what they are known to tell.";
        }

        return close.Frames.Any(frame => frame.Method.Name == nameof(SelfTest) && frame.Method.DeclaringType == typeof(SocketEventLog))
            ? null
            : "the stack of an event does not hold the code that closes.";
    }

    // Sockets that were made in nobody's flow belong to the one that connects them, where only one connects to that end.
    private void OnConnecting(IPEndPoint remote)
    {
        if (FlowOwner.Value is not { } owner)
        {
            return;
        }

        lock (_gate)
        {
            if (_connecting.Count >= MaximumConnecting)
            {
                _connecting.Clear();
            }

            _connecting[remote] = !_connecting.TryGetValue(remote, out object? other) || other == owner ? owner : Several;
        }
    }

    private void OnEvent(in SocketEventText text)
    {
        switch (text.Kind)
        {
            case SocketEventKind.HandleCreated:
                OnCreated(text.Handle, text.Descriptor);
                break;
            case SocketEventKind.Connected:
                lock (_gate)
                {
                    ResolveUnresolved(MaximumUnresolvedLooks);
                }

                break;
            case SocketEventKind.DisposeBegins:
                _closeTimeout.Value = text.Timeout;
                break;
            case SocketEventKind.CloseAsIs:
                int timeout = _closeTimeout.Value as int? ?? UnknownTimeout;
                _closeTimeout.Value = null;
                OnCloseAsIs(text.Handle, text.Abortive, timeout);
                break;
            case SocketEventKind.CloseHandle:
                OnCloseHandle(text.Handle, text.Descriptor);
                break;
            case SocketEventKind.LingerZeroSet:
            case SocketEventKind.NonAbortive:
                OnChosen(text.Handle, text.Kind == SocketEventKind.LingerZeroSet);
                break;
            case SocketEventKind.DescriptorClosed:
                lock (_gate)
                {
                    _ending.Remove(text.Handle);
                }

                break;
        }
    }

    private void OnCreated(int hash, int descriptor)
    {
        object? owner = FlowOwner.Value;
        CapturedFrame[]? frames = Volatile.Read(ref _allStacks) > 0 ? CaptureFrames() : null;
        lock (_gate)
        {
            _ending.Remove(hash);
            if (_handles.Remove(hash, out OpenHandle? stale))
            {
                Forget(stale);
            }
            else if (_handles.Count >= MaximumHandles)
            {
                _handlesMissed = true;
                return;
            }

            var handle = new OpenHandle(descriptor, owner, DateTimeOffset.UtcNow) { CreationFrames = frames };
            _handles.Add(hash, handle);
            if (!_reader.TryReadEndpoints(descriptor, out IPEndPoint? local, out IPEndPoint? remote))
            {
                return;
            }

            handle.IsTcp = true;
            if (remote is null)
            {
                _unresolved.Add(handle);
                return;
            }

            // It came with a peer, so it was accepted. Asynchronous accepts complete outside every flow: the listener's counts.
            if (owner is null)
            {
                ResolveUnresolved(MaximumUnresolvedLooks);
                handle.Owner = _listeners.FindLast(listener => Covers(listener.Local!, local!))?.Owner;
            }

            Register(handle, local!, remote, accepted: true);
        }
    }

    private void OnCloseAsIs(int hash, bool abortive, int timeout)
    {
        SocketState? state = null;
        lock (_gate)
        {
            if (_handles.TryGetValue(hash, out OpenHandle? handle) && handle is { Closing: null, Connection: { Remote: { } remote, Local: { } local } }
                && _reader.TryRead(handle.Descriptor, local, remote, out SocketState read))
            {
                state = read;
            }
        }

        // The walk over the stack is what costs most here, and only of a close that a reset may follow somebody asks for the line.
        bool isHarmless = !abortive && state is { IsOver: true } or { PeerIsDone: true, LingerSeconds: null } && Volatile.Read(ref _allStacks) == 0;
        CapturedFrame[] frames = isHarmless ? [] : CaptureFrames();
        lock (_gate)
        {
            if (_handles.TryGetValue(hash, out OpenHandle? handle) && handle.Closing is null)
            {
                handle.Closing = See(handle, state, frames, abortive, timeout, whole: true);
            }
            else if (handle is null)
            {
                _handles[hash] = handle = new OpenHandle(-1, null, DateTimeOffset.MinValue) { PendingFrames = frames, PendingAbortive = abortive, PendingTimeout = timeout };
            }
        }
    }

    private void OnCloseHandle(int hash, int descriptor)
    {
        CapturedFrame[]? frames = null;
        lock (_gate)
        {
            if (_handles.TryGetValue(hash, out OpenHandle? known) && known.Descriptor >= 0 && known.Descriptor != descriptor)
            {
                // Two handles of one hash code: what was kept belongs to the other one.
                _handles.Remove(hash);
                Forget(known);
                known = null;
            }

            if (known?.Closing is null && known?.PendingFrames is null)
            {
                frames = CaptureFrames();
            }

            if (known is null)
            {
                known = new OpenHandle(descriptor, null, DateTimeOffset.MinValue);
                _handles[hash] = known;
            }

            known.Descriptor = descriptor;
            if (known.Closing is null)
            {
                // A handle that is older than the listener, or that was disposed without its socket. Where a blocking call was
                // pending the connection is gone by now and nothing is read.
                bool asked = known.PendingFrames is not null;
                known.Closing = See(known, null, known.PendingFrames ?? frames!, known.PendingAbortive, asked ? known.PendingTimeout : NotAsked, whole: !asked);
                if (known.Closing is { Remote: not null } && known.Connection is null && !known.Closing.Listening)
                {
                    Register(known, known.Closing.Local!, known.Closing.Remote, accepted: false);
                }
            }
            else if (known.Closing is { Remote: not null, AtBeginning: not { IsOver: true } }
                && _reader.TryLook(descriptor, out bool connected, out _)
                && !connected)
            {
                known.Closing.PeerVanishedWhileUnblocking = true;
            }
        }
    }

    private void OnChosen(int hash, bool abortive)
    {
        lock (_gate)
        {
            if (!_handles.Remove(hash, out OpenHandle? handle))
            {
                return;
            }

            Forget(handle);
            if (handle.Closing is not { } closing)
            {
                return;
            }

            // Windows has another text for the end of it, which was not tried.
            if (!OperatingSystem.IsWindows() && handle.IsTcp && _ending.Count < MaximumHandles)
            {
                _ending[hash] = handle;
            }

            // On the thread of the close its code is still there; on another one, which held the handle longer, other code is.
            if (abortive && closing.Frames.Length == 0 && closing.Thread == Environment.CurrentManagedThreadId)
            {
                closing.Frames = Shared(CaptureFrames());
            }

            closing.LookedLast = DateTimeOffset.UtcNow;
            closing.AtClose = LookLast(handle, closing, abortive);
            closing.Origin = Origin(closing, abortive);
            if (handle.Connection is { } connection)
            {
                connection.Close = closing;
                Closed?.Invoke(connection);
            }
            else if (closing is { Listening: true, Local: not null })
            {
                Register(handle, closing.Local, null, accepted: false);
                handle.Connection!.Close = closing;
            }
        }
    }

    private SocketState? LookLast(OpenHandle handle, SocketClose closing, bool abortive)
    {
        // Nothing has come since where nothing can come any more.
        if (!abortive && closing.AtBeginning is { PeerIsDone: true } known)
        {
            return known;
        }

        SocketState last;
        return handle.Connection is { Remote: not null } open
            ? _reader.TryRead(handle.Descriptor, open.Local, open.Remote, out last) ? last : null
            : _reader.TryRead(handle.Descriptor, out last) ? last : null;
    }

    private static CloseOrigin? Origin(SocketClose closing, bool abortive)
    {
        bool fromFinalizer = false;
        bool replaced = false;
        foreach (CapturedFrame frame in closing.Frames)
        {
            fromFinalizer |= frame.Method.Name == "Finalize";
            // Disconnect(true) itself may have been inlined; a failed connect replaces a handle too, but that has no peer.
            replaced |= frame.Method.Name == "ReplaceHandle" && frame.Method.DeclaringType == typeof(Socket);
        }

        if (fromFinalizer)
        {
            return CloseOrigin.Finalizer;
        }

        if (closing.CloseTimeout == NotAsked && abortive)
        {
            return replaced ? CloseOrigin.DisconnectReuse : CloseOrigin.HandleDisposed;
        }

        if (closing.AbortiveAsked)
        {
            return CloseSiteResolver.IsCalledByProgram(closing.Frames)
                ? closing.CloseTimeout switch
                {
                    0 => CloseOrigin.CloseZero,
                    > 0 => CloseOrigin.TimedClose,
                    _ => null,
                }
                : CloseOrigin.FrameworkAbort;
        }

        // Where the runtime has set linger itself, what the program had left is known from the first look alone.
        if ((abortive || closing.AtClose is null ? closing.LingerSeconds : closing.AtClose.Value.LingerSeconds) == 0)
        {
            return CloseOrigin.UserLingerZero;
        }

        if (abortive)
        {
            return closing.PeerVanishedWhileUnblocking ? CloseOrigin.PendingBlocking : CloseOrigin.PendingAsync;
        }

        return CloseOrigin.Plain;
    }

    private SocketClose? See(OpenHandle handle, SocketState? read, CapturedFrame[] frames, bool abortive, int timeout, bool whole)
    {
        SocketState state;
        if (read is { } known)
        {
            state = known;
        }
        else if (!_reader.TryRead(handle.Descriptor, out state))
        {
            return null;
        }

        if (handle.Connection is null && !state.Listening)
        {
            if (state.Remote is not null)
            {
                Register(handle, state.Local!, state.Remote, accepted: false);
            }
            else if (state.Local is { Port: not 0 } local)
            {
                RegisterAttempt(handle, local);
            }
        }

        return new SocketClose
        {
            Time = DateTimeOffset.UtcNow,
            Local = handle.Connection?.Local ?? state.Local,
            Remote = handle.Connection?.Remote ?? state.Remote,
            Listening = state.Listening,
            UnreadBytes = state.UnreadBytes,
            LingerSeconds = state.LingerSeconds,
            Frames = Shared(frames),
            SeenWhole = whole,
            AtBeginning = state,
            AbortiveAsked = abortive,
            CloseTimeout = timeout,
        };
    }

    // A program closes in few places, and keeps each stack once.
    private CapturedFrame[] Shared(CapturedFrame[] frames)
    {
        if (_stacks.TryGetValue(frames, out CapturedFrame[]? same))
        {
            return same;
        }

        if (_stacks.Count < MaximumStacks)
        {
            _stacks.Add(frames);
        }

        return frames;
    }

    // Which handle has connected is not told, so those that are not known to be connected yet are looked at, the newest first.
    private void ResolveUnresolved(int maximum)
    {
        for (int i = _unresolved.Count - 1; i >= 0 && maximum > 0; i--, maximum--)
        {
            OpenHandle handle = _unresolved[i];
            if (!_reader.TryLook(handle.Descriptor, out bool connected, out bool listening))
            {
                _unresolved.RemoveAt(i);
            }
            else if ((connected || listening) && _reader.TryReadEndpoints(handle.Descriptor, out IPEndPoint? local, out IPEndPoint? remote))
            {
                if (listening)
                {
                    handle.Local = local;
                    _listeners.Add(handle);
                    _unresolved.RemoveAt(i);
                }
                else if (remote is not null)
                {
                    _unresolved.RemoveAt(i);
                    Register(handle, local!, remote, accepted: false);
                }
            }
        }
    }

    private void RegisterAttempt(OpenHandle handle, IPEndPoint local)
    {
        if (++_attemptCount > MaximumConnections)
        {
            _attempts.Clear();
            _attemptCount = 1;
            _connectionsMissed = true;
        }

        handle.Connection = new OwnConnection(local, null, handle.Owner, accepted: false, handle.Created) { CreationFrames = handle.CreationFrames };
        if (!_attempts.TryGetValue(local.Port, out List<OwnConnection>? same))
        {
            _attempts.Add(local.Port, same = new List<OwnConnection>(1));
        }

        same.Add(handle.Connection);
    }

    private void Register(OpenHandle handle, IPEndPoint local, IPEndPoint? remote, bool accepted)
    {
        if (handle.Owner is null && !accepted && remote is not null && _connecting.TryGetValue(remote, out object? connects) && connects != Several)
        {
            handle.Owner = connects;
        }

        var ends = new Ends(local, remote);
        handle.Local = local;
        handle.Connection = new OwnConnection(local, remote, handle.Owner, accepted, handle.Created) { CreationFrames = handle.CreationFrames };
        if (!_connections.TryGetValue(ends, out List<OwnConnection>? same))
        {
            _connections.Add(ends, same = new List<OwnConnection>(1));
        }

        same.Add(handle.Connection);
        _connectionOrder.Enqueue(ends);
        if (_connectionOrder.Count > MaximumConnections)
        {
            _connectionsMissed = true;
            Ends oldest = _connectionOrder.Dequeue();
            if (_connections.TryGetValue(oldest, out List<OwnConnection>? old))
            {
                old.RemoveAt(0);
                if (old.Count == 0)
                {
                    _connections.Remove(oldest);
                }
            }
        }
    }

    private void Forget(OpenHandle handle)
    {
        _unresolved.Remove(handle);
        _listeners.Remove(handle);
    }

    private static bool Covers(IPEndPoint listener, IPEndPoint local) =>
        listener.Port == local.Port
        && (listener.Address.Equals(local.Address) || listener.Address.Equals(IPAddress.Any) || listener.Address.Equals(IPAddress.IPv6Any));

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where methods were trimmed away the event source is off too, and the self-test says so.")]
    private static CapturedFrame[] CaptureFrames()
    {
        StackFrame[] frames = new StackTrace(1, false).GetFrames();
        var captured = new List<CapturedFrame>(Math.Min(frames.Length, MaximumFrames));
        foreach (StackFrame frame in frames)
        {
            if (frame.GetMethod() is not { } method || (captured.Count == 0 && method.DeclaringType?.Namespace != "System.Net.Sockets"))
            {
                continue;
            }

            captured.Add(new CapturedFrame(method, frame.GetILOffset()));
            if (captured.Count == MaximumFrames)
            {
                break;
            }
        }

        return [.. captured];
    }

    /// <summary>A share in the one log of the process; the last to be disposed ends it.</summary>
    internal sealed class Lease : IDisposable
    {
        private int _disposed;

        private readonly bool _shared;
        private bool _keepsAllStacks;

        internal Lease(SocketEventLog log, bool shared)
        {
            Log = log;
            _shared = shared;
        }

        /// <summary>The log.</summary>
        public SocketEventLog Log { get; }

        /// <summary>
        /// From now on until this lease ends, keeps the stack of each socket's creation, and of its close where the connection was over before
        /// (<see cref="SocketState.IsOver"/>) too.
        /// </summary>
        public void KeepAllStacks()
        {
            if (!_keepsAllStacks)
            {
                _keepsAllStacks = true;
                Interlocked.Increment(ref Log._allStacks);
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) != 0)
            {
                return;
            }

            if (_keepsAllStacks)
            {
                Interlocked.Decrement(ref Log._allStacks);
            }

            if (!_shared)
            {
                Log.Stop();
                return;
            }

            lock (LeaseGate)
            {
                if (--_leases == 0)
                {
                    _current = null;
                    Log.Stop();
                }
            }
        }
    }

    private readonly record struct Ends(IPEndPoint Local, IPEndPoint? Remote);

    private sealed class SameFrames : IEqualityComparer<CapturedFrame[]>
    {
        public bool Equals(CapturedFrame[]? x, CapturedFrame[]? y)
        {
            if (x is null || y is null || x.Length != y.Length)
            {
                return ReferenceEquals(x, y);
            }

            for (int i = 0; i < x.Length; i++)
            {
                if (x[i].Offset != y[i].Offset || x[i].Method != y[i].Method)
                {
                    return false;
                }
            }

            return true;
        }

        public int GetHashCode(CapturedFrame[] obj)
        {
            int hash = obj.Length;
            foreach (CapturedFrame frame in obj)
            {
                hash = (hash * 31) + (frame.Method.GetHashCode() ^ frame.Offset);
            }

            return hash;
        }
    }

    private sealed class OpenHandle(int descriptor, object? owner, DateTimeOffset created)
    {
        /// <summary>When it came into being; the beginning of time for handles that are older than the log.</summary>
        public DateTimeOffset Created { get; } = created;

        public int Descriptor { get; set; } = descriptor;

        public object? Owner { get; set; } = owner;

        public IPEndPoint? Local { get; set; }

        public OwnConnection? Connection { get; set; }

        public SocketClose? Closing { get; set; }

        public bool IsTcp { get; set; }

        public CapturedFrame[]? CreationFrames { get; init; }

        public CapturedFrame[]? PendingFrames { get; init; }

        public bool PendingAbortive { get; init; }

        public int PendingTimeout { get; init; }
    }

    private sealed class Listener(SocketEventLog log, string sourceName) : EventListener
    {
        // The base constructor calls OnEventSourceCreated before it ends; field initialisers and captured parameters run earlier.
        private readonly SocketEventLog _log = log;
        private readonly string _sourceName = sourceName;

        public bool SourceSeen { get; private set; }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == _sourceName)
            {
                SourceSeen = true;
                EnableEvents(eventSource, EventLevel.Informational, RuntimeKeywords);
            }
            else if (eventSource.Name == TelemetrySource)
            {
                EnableEvents(eventSource, EventLevel.Informational);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData is { EventName: "ConnectStart", Payload: { Count: 1 } start } && start[0] is string address)
            {
                if (SocketEventText.TryParseAddress(address, out IPEndPoint? remote))
                {
                    _log.OnConnecting(remote);
                }

                return;
            }

            if (eventData.Payload is not { Count: 3 } payload
                || payload[1] is not string member
                || payload[2] is not string message)
            {
                return;
            }

            if (SocketReader.IsReading)
            {
                return;
            }

            try
            {
                _log.OnEvent(SocketEventText.Parse(payload[0] as string, member, message));
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // An exception here would surface in the code that closes its socket. It is told by Gaps instead.
                lock (_log._gate)
                {
                    _log._failure ??= exception;
                }
            }
        }
    }
}

/// <summary>One end of a connection that this process holds or held (or a listener, where there is no remote end).</summary>
internal sealed class OwnConnection(IPEndPoint local, IPEndPoint? remote, object? owner, bool accepted, DateTimeOffset firstSeen)
{
    public IPEndPoint Local { get; } = local;

    public IPEndPoint? Remote { get; } = remote;

    /// <summary>Who owned the async flow in which this end was created or accepted; null for nobody.</summary>
    public object? Owner { get; } = owner;

    /// <summary>Whether this end accepted the connection.</summary>
    public bool Accepted { get; } = accepted;

    public DateTimeOffset FirstSeen { get; } = firstSeen;

    /// <summary>The stack of its creation; null where that was not asked for.</summary>
    public CapturedFrame[]? CreationFrames { get; init; }

    /// <summary>When it was known to be connected: it was so before.</summary>
    public DateTimeOffset Registered { get; } = DateTimeOffset.UtcNow;

    /// <summary>How it was closed; null while it is open, and where the close was not seen.</summary>
    public SocketClose? Close { get; set; }
}
