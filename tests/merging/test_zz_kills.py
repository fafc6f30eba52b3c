import os, random, signal, subprocess, sys, time
from pathlib import Path
import pytest
from tests.merging.conftest import *
from tests.conftest import run_git
from tests.merging.epics import TARGET
from ropewalk.merging.recovery import recover_landing
from ropewalk.merging.landing import land

CHILD = """
import sys
from pathlib import Path
from ropewalk.git.repository import find_place
from ropewalk.merging.landing import land
place = find_place(Path(sys.argv[1]))
def note(t, d, *, sync=False):
    print(t, flush=True)
land(place, ref="refs/heads/main", old=sys.argv[2], new=sys.argv[3], note=note)
"""
def test_sample(epic):
    names=[f"many/{n:03}.txt" for n in range(600)]
    new = epic.commit({n: f"{n}\n"*300 for n in names}|{"docs/notes.txt":"changed\n"})
    (epic.root/"README.md").write_text("mine\n"); (epic.root/"unt.txt").write_text("u\n")
    base=epic.base; states={}
    for i in range(40):
        run_git(epic.root,"update-ref",TARGET,base); run_git(epic.root,"read-tree",base); 
        subprocess.run("rm -rf many; git checkout -q -- docs/notes.txt",shell=True,cwd=epic.root,check=True)
        started=time.time()
        p=subprocess.Popen([sys.executable,"-c",CHILD,str(epic.root),base,new],stdout=subprocess.PIPE,text=True,start_new_session=True)
        while "landing" not in (p.stdout.readline() or "landing"): pass
        time.sleep(random.uniform(0,0.09))
        # kill coordinator and its git
        import psutil
        kids=psutil.Process(p.pid).children(recursive=True) if p.poll() is None else []
        p.kill(); 
        for k in kids:
            try: k.kill()
            except psutil.Error: pass
        psutil.wait_procs(kids,timeout=5)
        p.wait()
        locks=[x.name for x in (epic.root/".git").glob("*.lock")]
        st=run_git(epic.root,"status","--porcelain")
        half=len([l for l in st.splitlines() if l not in (" M README.md","?? unt.txt")])
        r=recover_landing(epic.place,ref=TARGET,old=base,new=new,started_at=started)
        l=land(epic.place,ref=TARGET,old=base,new=new,note=epic.journal)
        assert l.landed,(l,locks,half,r)
        assert epic.status().splitlines()==[" M README.md","?? unt.txt"]
        key=(str(r),bool(locks),half>0); states[key]=states.get(key,0)+1
    print(states)
