import { Dispatcher } from '@x/loop-utils/dispatch'
import {PerformanceObserver} from 'node:perf_hooks'
let gc=0;new PerformanceObserver(l=>{for(const e of l.getEntries())gc+=e.duration}).observe({entryTypes:['gc']})
const N=1e6
let sink=0
function callback(seed) { let x = seed | 1;  for (let i = 0; i < 440; i++) x = (Math.imul(x, 1_103_515_245) + 12_345) | 0;  sink ^= x }
async function sliced(){ const d=new Dispatcher({capacity:N+1});const t0=performance.now();for(let i=0;i<N;i++)d.post(callback,i);const t1=performance.now();await d.drain();const t2=performance.now();await d.close();return [t1-t0,t2-t1]}
async function one(){const t0=performance.now();const q=[];for(let i=0;i<N;i++)q.push({fn:callback,args:[i]});const t1=performance.now();for(const {fn,args} of q)fn(...args);return [t1-t0,performance.now()-t1]}
for(let r=0;r<4;r++)for(const f of [sliced,one]){gc=0;const [a,b]=await f();await new Promise(r=>setTimeout(r,30));console.log(f.name,'post',a|0,'run',b|0,'gc',gc|0)}
