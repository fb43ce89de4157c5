import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Dispatcher } from '@x/loop-utils/dispatch'
const THREADS=4, N=+(process.env.N??500000)
for (let r=0;r<2;r++){
const go=new Int32Array(new SharedArrayBuffer(4)); const d=new Dispatcher(); let c=0,s=0,fin; const done=new Promise(r=>fin=r)
d.register({reading:(v)=>{s+=v.id??v.length; if(++c===THREADS*N)fin()}})
const ws=[]
for(let i=0;i<THREADS;i++){const h=d.connect({credit:+(process.env.CREDIT??1024)});const w=new Worker(new URL('./dispatch-threads.worker.mjs',import.meta.url),{workerData:{port:h,go,kind:'dispatcher-'+(process.env.MSG??'object'),count:N},transferList:[...h.ports]});ws.push(w);await once(w,'message')}
const t=performance.now();const cpu=process.cpuUsage();Atomics.store(go,0,1);Atomics.notify(go,0);await done
const ms=performance.now()-t;const u=process.cpuUsage(cpu)
console.log((THREADS*N/ms|0),'k/s cpu',((u.user+u.system)/1000|0),'of',ms|0, 'ns/msg cpu',((u.user+u.system)*1000/(THREADS*N)|0))
await Promise.all(ws.map(w=>w.terminate()));await d.close({mode:'discard'})
}
